package runner_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/arazzo/auth"
	"github.com/headgate/headgate/arazzo/runner"
)

// petChannels is an AsyncAPI description in the manner of the specification's own example: an order is placed on one channel and confirmed
// on another, correlated by a header.
const petChannels = `
asyncapi: 3.0.0
info: {title: Pet purchases, version: "1"}
servers: {bus: {host: HOST, protocol: PROTOCOL}}
channels:
  place-order:
    address: place-order
    messages: {order: {$ref: '#/components/messages/Order'}}
  confirm-order:
    address: confirm-order
    messages: {confirmation: {$ref: '#/components/messages/Confirmation'}}
  refund:
    address: refunds/{petId}
    parameters: {petId: {}}
    messages: {refund: {payload: {type: object}}}
operations:
  placeOrder: {action: receive, channel: {$ref: '#/channels/place-order'}}
  confirmOrder: {action: send, channel: {$ref: '#/channels/confirm-order'}}
components:
  messages:
    Order:
      contentType: application/json
      correlationId: {location: $message.header#/orderRequestId}
      payload: {type: object, properties: {petId: {type: integer}}}
    Confirmation:
      contentType: application/json
      correlationId: {location: $message.header#/orderRequestId}
      payload: {type: object, properties: {orderId: {type: integer}}}
`

const asyncHead = `arazzo: 1.1.0
info: {title: Test, version: 1.0.0}
sourceDescriptions:
- {name: api, url: api.yaml, type: openapi}
- {name: orders, url: orders.yaml, type: asyncapi}
workflows:
`

const purchase = asyncHead + `
- workflowId: purchase
  inputs: {type: object, properties: {request: {type: string}}}
  steps:
  - stepId: find
    operationId: $sourceDescriptions.api.find
    outputs: {petId: $response.body#/0/id}
  - stepId: place
    operationId: $sourceDescriptions.orders.placeOrder
    action: send
    parameters: [{name: orderRequestId, in: header, value: $inputs.request}]
    requestBody: {contentType: application/json, payload: {petId: $steps.find.outputs.petId}}
    outputs: {request: $message.header.orderRequestId, sent: $message.payload#/petId}
  - stepId: confirm
    channelPath: '{$sourceDescriptions.orders.url}#/channels/confirm-order'
    action: receive
    correlationId: $inputs.request
    timeout: 5000
    successCriteria: [{condition: $message.payload#/status == 'ok'}]
    outputs: {orderId: $message.payload#/orderId, by: $message.header.clerk}
  outputs: {orderId: $steps.confirm.outputs.orderId, by: $steps.confirm.outputs.by, sent: $steps.place.outputs.sent}
`

func busStage(t *testing.T, routes map[string][]reply) (*stage, *runner.Bus) {
	s := newStage(t, routes)
	s.files["api.yaml"] = openapi("find GET /pets", "go POST /go")
	s.files["orders.yaml"] = strings.NewReplacer("HOST", "broker:9092", "PROTOCOL", "kafka").Replace(petChannels)
	bus := &runner.Bus{}
	s.runner.Bindings = map[string]runner.Binding{"kafka": bus}
	s.runner.Clock = nil
	return s, bus
}

// correlationHeader is spelled as the description has it: headers of messages are not HTTP's.
const correlationHeader = "orderRequestId"

// shop confirms orders as soon as they come, each after a message that belongs to somebody else.
func shop(t *testing.T, bus *runner.Bus, status string) {
	orders := bus.Listen("place-order")
	t.Cleanup(func() { orders.Close() })
	go func() {
		for {
			m, err := orders.Receive(t.Context())
			if err != nil {
				return
			}
			answer := func(id string) {
				bus.Publish("confirm-order", runner.Message{
					Header:  http.Header{correlationHeader: {id}, "clerk": {"Ann"}},
					Payload: fmt.Appendf(nil, `{"orderId":41,"status":%q,"got":%s}`, status, m.Payload),
				})
			}
			answer("somebody else's")
			answer(map[string][]string(m.Header)[correlationHeader][0])
		}
	}()
}

func TestMessagesOverInProcessChannels(t *testing.T) {
	s, bus := busStage(t, map[string][]reply{"GET /pets": {{body: `[{"id":7}]`}}})
	shop(t, bus, "ok")
	r := s.run(purchase, "", map[string]any{"request": "r-1"})
	s.ended(r, "purchase=success[find=success place=success confirm=success]")
	s.outputs(r, `{"orderId":41,"by":"Ann","sent":7}`)
}

func TestSuccessCriteriaJudgeTheMessage(t *testing.T) {
	s, bus := busStage(t, map[string][]reply{"GET /pets": {{body: `[{"id":7}]`}}})
	shop(t, bus, "sold out")
	s.ended(s.run(purchase, "", map[string]any{"request": "r-1"}), "purchase=failure[find=success place=success confirm=failure]")
}

func TestNoMatchingMessageInTimeFailsTheStep(t *testing.T) {
	s, bus := busStage(t, map[string][]reply{"GET /pets": {{body: `[{"id":7}]`}}})
	orders := bus.Listen("place-order")
	go func() {
		if _, err := orders.Receive(t.Context()); err == nil {
			bus.Publish("confirm-order", runner.Message{Header: http.Header{correlationHeader: {"other"}}, Payload: []byte(`{}`)})
		}
	}()
	r := s.run(strings.Replace(purchase, "timeout: 5000", "timeout: 50", 1), "", map[string]any{"request": "r-1"})
	s.ended(r, "purchase=failure[find=success place=success confirm=failure]")
	if reason := r.Workflows[0].Reason; !strings.Contains(reason, "within 50ms") || !strings.Contains(reason, "1 came that do not") {
		t.Errorf("reason %q", reason)
	}
}

func TestProtocolWithoutABindingIsRefused(t *testing.T) {
	s, _ := busStage(t, nil)
	s.runner.Bindings = nil
	_, err := s.try(purchase, "", map[string]any{"request": "r-1"})
	var invalid *runner.InvalidError
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "kafka") || !strings.Contains(err.Error(), "place-order") {
		t.Errorf("error %v", err)
	}
	s.asked()
}

// A receive that a later step waits for does not hold up the steps between: here they make the message come.
func TestReceiveInTheBackgroundIsJoinedByDependsOn(t *testing.T) {
	const doc = asyncHead + `
- workflowId: main
  steps:
  - stepId: event
    operationId: $sourceDescriptions.orders.confirmOrder
    action: receive
    timeout: 5000
    outputs: {id: $message.payload#/orderId}
  - {stepId: trigger, operationId: $sourceDescriptions.api.go}
  - {stepId: after, operationId: $sourceDescriptions.api.find, dependsOn: [event], parameters: [{name: id, in: query, value: $steps.event.outputs.id}]}
`
	bus := &runner.Bus{}
	var asked []string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		if r.Method == "POST" {
			time.AfterFunc(10*time.Millisecond, func() {
				bus.Publish("confirm-order", runner.Message{Payload: []byte(`{"orderId":5}`)})
			})
		}
	})
	s.files["api.yaml"] = openapi("find GET /pets", "go POST /go")
	s.files["orders.yaml"] = strings.NewReplacer("HOST", "h", "PROTOCOL", "kafka").Replace(petChannels)
	s.runner.Bindings, s.runner.Clock = map[string]runner.Binding{"*": bus}, nil
	r := s.run(doc, "", nil)
	s.ended(r, "main=success[trigger=success event=success after=success]")
	if got := strings.Join(asked, " "); got != "/go /pets?id=5" {
		t.Errorf("asked %s", got)
	}
}

func TestBackgroundReceiveThatFailsFailsTheWorkflow(t *testing.T) {
	s, _ := busStage(t, map[string][]reply{"POST /go": {{body: "{}"}}, "GET /pets": {{body: "[]"}}})
	const doc = asyncHead + `
- workflowId: main
  steps:
  - {stepId: event, operationId: $sourceDescriptions.orders.confirmOrder, action: receive, timeout: 30ACTION}
  - {stepId: trigger, operationId: $sourceDescriptions.api.go}
  - {stepId: after, operationId: $sourceDescriptions.api.find, dependsOn: [event]}
`
	s.ended(s.run(strings.Replace(doc, "ACTION", "", 1), "", nil), "main=failure[trigger=success event=failure]")
	s.ended(s.run(strings.Replace(doc, "ACTION", ", onFailure: [{name: on, type: goto, stepId: after}]", 1), "", nil), "main=success[trigger=success event=failure after=success]")
}

func TestAddressesWithParameters(t *testing.T) {
	s, bus := busStage(t, nil)
	refunds := bus.Listen("refunds/{petId}")
	r := s.run(asyncHead+`
- workflowId: main
  steps:
  - stepId: refund
    channelPath: '{$sourceDescriptions.orders.url}#/channels/refund'
    action: send
    parameters: [{name: petId, in: path, value: 7}]
    requestBody: {payload: {why: sad}}
`, "", nil)
	s.ended(r, "main=success[refund=success]")
	m, err := refunds.Receive(t.Context())
	if err != nil || string(m.Payload) != `{"why":"sad"}` {
		t.Errorf("%s, %v", m.Payload, err)
	}
}

// The service answers an order by calling back: the workflow receives what is posted to its listener.
func TestHTTPCallbacks(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var order string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		order = r.Method + " " + r.URL.Path + " " + r.Header.Get("Orderrequestid") + " " + string(b)
		go func() {
			for _, id := range []string{"nobody's", r.Header.Get("Orderrequestid")} {
				req, _ := http.NewRequest("POST", "http://"+listener.Addr().String()+"/confirm-order", strings.NewReader(`{"orderId":9,"status":"ok"}`))
				req.Header.Set("orderRequestId", id)
				req.Header.Set("Content-Type", "application/json")
				resp, err := http.DefaultClient.Do(req)
				if err != nil || resp.StatusCode != 202 {
					t.Errorf("callback: %v %v", resp, err)
				}
			}
		}()
		w.WriteHeader(202)
	})
	s.files["api.yaml"] = openapi("find GET /pets")
	s.files["orders.yaml"] = strings.NewReplacer("HOST", strings.TrimPrefix(s.server.URL, "http://"), "PROTOCOL", "http").Replace(petChannels)
	s.runner.Clock = nil
	doc := strings.Replace(purchase, "  - stepId: find\n    operationId: $sourceDescriptions.api.find\n    outputs: {petId: $response.body#/0/id}\n", "", 1)
	doc = strings.Replace(doc, "$steps.find.outputs.petId", "3", 1)
	if _, err := s.try(doc, "", map[string]any{"request": "r-2"}); err == nil || !strings.Contains(err.Error(), "listener") {
		t.Errorf("without a listener: %v", err)
	}
	binding := runner.NewHTTP(http.DefaultClient, listener)
	defer binding.Close()
	s.runner.Bindings = map[string]runner.Binding{"http": binding}
	r := s.run(doc, "", map[string]any{"request": "r-2"})
	s.ended(r, "purchase=success[place=success confirm=success]")
	s.outputs(r, `{"orderId":9,"sent":3}`)
	if order != `POST /place-order r-2 {"petId":3}` {
		t.Errorf("the service got %q", order)
	}
	resp, err := http.Post("http://"+binding.Addr()+"/nowhere", "text/plain", nil)
	if err != nil || resp.StatusCode != 404 {
		t.Errorf("a message nobody waits for: %v %v", resp, err)
	}
}

func TestActionMayBeLeftOutWhereTheOperationTellsIt(t *testing.T) {
	s, bus := busStage(t, nil)
	orders := bus.Listen("place-order")
	doc := asyncHead + "- {workflowId: main, steps: [{stepId: place, operationId: $sourceDescriptions.orders.placeOrder, requestBody: {payload: {petId: 1}}}]}\n"
	r, err := s.try(doc, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.ended(r, "main=success[place=success]")
	if m, err := orders.Receive(t.Context()); err != nil || string(m.Payload) != `{"petId":1}` {
		t.Errorf("%s %v", m.Payload, err)
	}
}

func TestMessagesOverHTTPAreSigned(t *testing.T) {
	var key, header string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		key, header = r.Header.Get("X-Key"), r.Header.Get("X-All")
	})
	s.files["api.yaml"] = openapi("find GET /pets")
	text := strings.NewReplacer("HOST", strings.TrimPrefix(s.server.URL, "http://"), "PROTOCOL", "http, security: [{$ref: '#/components/securitySchemes/key'}]").Replace(petChannels)
	s.files["orders.yaml"] = text + "  securitySchemes: {key: {type: httpApiKey, name: X-Key, in: header}}\n"
	s.runner.Header = http.Header{"X-All": {"yes"}}
	s.runner.Auth.Credentials = auth.ByName{"key": {Value: "k-12345"}}
	r := s.run(asyncHead+"- {workflowId: main, steps: [{stepId: place, operationId: $sourceDescriptions.orders.placeOrder, action: send, requestBody: {payload: {petId: 1}}}]}\n", "", nil)
	s.ended(r, "main=success[place=success]")
	if key != "k-12345" || header != "yes" {
		t.Errorf("X-Key %q, X-All %q", key, header)
	}
	s.runner.Servers = map[string]string{"orders": "http://169.254.169.254"}
	r = s.run(asyncHead+"- {workflowId: main, steps: [{stepId: place, operationId: $sourceDescriptions.orders.placeOrder, action: send, requestBody: {payload: {petId: 1}}}]}\n", "", nil)
	s.ended(r, "main=failure[place=failure]")
}

// Channels within the process need nothing of the caller: what one step sends another receives.
func TestInProcessChannelsAreBuiltIn(t *testing.T) {
	for _, protocol := range []string{"in-process", "memory", "InProc"} {
		s := newStage(t, nil)
		s.files["api.yaml"] = openapi("find GET /pets")
		s.files["orders.yaml"] = strings.NewReplacer("HOST", "here", "PROTOCOL", protocol).Replace(petChannels)
		r := s.run(asyncHead+`
- workflowId: main
  steps:
  - stepId: place
    operationId: $sourceDescriptions.orders.placeOrder
    action: send
    parameters: [{name: orderRequestId, in: header, value: r1}]
    requestBody: {contentType: application/json, payload: {petId: 7}}
  - stepId: read
    channelPath: '{$sourceDescriptions.orders.url}#/channels/place-order'
    action: receive
    correlationId: r1
    successCriteria: [{condition: $message.payload#/petId == 7}]
    outputs: {pet: $message.payload.petId}
  outputs: {pet: $steps.read.outputs.pet}
`, "main", nil)
		s.ended(r, "main=success[place=success read=success]")
		sameJSON(t, r.Workflows[0].Outputs, `{"pet":7}`)
	}
}
