// Command bootstrap is the function that the tests and benchmarks run: what it does is in the event.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

type event struct {
	Do    string // "", "fail", "exit", "sleep", "env", "print"
	Sleep int    // milliseconds
	Text  string

	Records []struct{ MessageID, Body string } // messages of a queue; bodies "fail" are reported, "exit" ends the process
}

// work goes through the messages and answers which have failed.
func (e event) work() any {
	failed := []map[string]string{}
	for _, r := range e.Records {
		fmt.Println("got " + r.Body)
		switch r.Body {
		case "fail":
			failed = append(failed, map[string]string{"itemIdentifier": r.MessageID})
		case "exit":
			os.Exit(3)
		}
	}
	return map[string]any{"batchItemFailures": failed}
}

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	label, _ := os.ReadFile(os.Getenv("LAMBDA_TASK_ROOT") + "/id")
	for {
		next, err := http.Get(api + "invocation/next")
		if err != nil {
			os.Exit(1)
		}
		body, _ := io.ReadAll(next.Body)
		next.Body.Close()
		to := api + "invocation/" + next.Header.Get("Lambda-Runtime-Aws-Request-Id") + "/"
		var e event
		json.Unmarshal(body, &e)
		var answer any = map[string]string{"version": os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"), "code": string(label)}
		switch e.Do {
		case "fail":
			post(to+"error", map[string]any{"errorMessage": e.Text, "errorType": "Broken", "stackTrace": []string{}})
			continue
		case "exit":
			os.Exit(3)
		case "env":
			vars := map[string]string{}
			for _, v := range os.Environ() {
				k, x, _ := strings.Cut(v, "=")
				vars[k] = x
			}
			answer = vars
		case "print":
			fmt.Println(e.Text)
		}
		if e.Records != nil {
			answer = e.work()
		}
		time.Sleep(time.Duration(e.Sleep) * time.Millisecond)
		post(to+"response", answer)
	}
}

func post(url string, v any) {
	b, _ := json.Marshal(v)
	r, err := http.Post(url, "application/json", bytes.NewReader(b))
	if err != nil {
		os.Exit(1)
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
}
