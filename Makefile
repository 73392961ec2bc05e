.PHONY: help build test lint race bench demo ci
help: ## list these targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "%-8s %s\n", $$1, $$2}' Makefile
build: ## build ./bin/headgate
	go build -o bin/headgate ./cmd/headgate
test: ## run the tests
	go test ./...
race: ## run the tests of the concurrent rooms with the race detector
	go test -race ./internal/db/... ./internal/durable ./internal/service/...
lint: ## run the linters (golangci-lint must be installed; .ci/run installs it)
	golangci-lint run ./...
bench: ## run the benchmarks
	go test -run '^$$' -bench . ./bench/...
demo: ## watch a safe deployment
	go run ./cmd/headgate demo
ci: ## run the whole gate
	.ci/run
