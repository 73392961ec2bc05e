package source

import (
	"slices"
	"testing"
)

const async2 = `
asyncapi: 2.6.0
info: {title: Orders}
defaultContentType: application/json
servers:
  web: {url: "https://{host}/events", protocol: HTTPS, variables: {host: {default: e.example.com}}, security: [{key: []}]}
  broker: {url: "kafka.example.com:9092", protocol: kafka}
channels:
  orders/{id}:
    servers: [web]
    parameters: {id: {schema: {type: string, default: all}, location: $message.payload#/id}}
    bindings: {http: {type: request}}
    publish:
      operationId: placeOrder
      bindings: {http: {method: POST}}
      message: {$ref: "#/components/messages/Order"}
    subscribe:
      operationId: orderEvents
      message: {oneOf: [{$ref: "#/components/messages/Order"}, {name: Refusal, payload: {type: string}}]}
  audit: {subscribe: {operationId: audit, message: {payload: {}}}}
components:
  messages:
    Order:
      traits: [{headers: {type: object, properties: {correlationId: {type: string}}}}]
      correlationId: {$ref: "#/components/correlationIds/Header"}
      payload: {type: object, properties: {id: {type: string}}}
  correlationIds: {Header: {location: "$message.header#/correlationId"}}
  securitySchemes: {key: {type: httpApiKey, in: header, name: X-Key}}
`

const async3 = `
asyncapi: 3.0.0
info: {title: Orders}
servers:
  web: {host: e.example.com, pathname: /events, protocol: https, security: [{$ref: "#/components/securitySchemes/key"}]}
  broker: {host: "kafka.example.com:9092", protocol: kafka}
channels:
  orders:
    address: orders/{id}
    servers: [{$ref: "#/servers/web"}]
    parameters: {id: {default: all, enum: [all, some]}}
    bindings: {http: {bindingVersion: 0.3.0}}
    messages:
      order: {$ref: "#/components/messages/Order"}
      refusal: {payload: {schemaFormat: application/vnd.apache.avro, schema: {}}}
  replies: {address: null}
  audit: {address: audit}
operations:
  placeOrder:
    action: send
    channel: {$ref: "#/channels/orders"}
    messages: [{$ref: "#/channels/orders/messages/order"}]
    bindings: {http: {method: POST}}
    reply: {address: {location: "$message.header#/replyTo"}, channel: {$ref: "#/channels/replies"}, messages: [{$ref: "#/channels/orders/messages/order"}]}
  confirmOrder: {action: receive, channel: {$ref: "#/channels/orders"}}
components:
  messages:
    Order:
      contentType: application/vnd.order+json
      correlationId: {location: "$message.header#/correlationId"}
      headers: {type: object, properties: {correlationId: {type: string}}}
      payload: {schemaFormat: application/schema+json;version=draft-07, schema: {type: object, properties: {id: {type: string}}}}
  securitySchemes: {key: {type: httpApiKey, in: header, name: X-Key}}
`

func TestAsyncAPI(t *testing.T) {
	for _, c := range []struct {
		name, text, channel, pointer, place, events, placeAction, contentType string
	}{
		{"2.6", async2, "orders/{id}", "#/channels/orders~1{id}", "placeOrder", "orderEvents", "receive", "application/json"},
		{"3.0", async3, "orders", "{$sourceDescriptions.async.url}#/channels/orders", "placeOrder", "confirmOrder", "send", "application/vnd.order+json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, c.text)
			ch, err := d.Channel(c.channel)
			if err != nil {
				t.Fatal(err)
			}
			if at, err := d.ChannelAt(c.pointer); err != nil || at != ch {
				t.Errorf("at the pointer: %v %v", at, err)
			}
			if by, err := d.Channel("orders/{id}"); err != nil || by != ch {
				t.Errorf("by address: %v %v", by, err)
			}
			if got, err := ch.Expand(nil); err != nil || got != "orders/all" {
				t.Errorf("address %q %v", got, err)
			}
			if p := ch.Protocols(); !slices.Equal(p, []string{"https"}) {
				t.Errorf("protocols %v", p)
			}
			if u, err := ch.Servers[0].Resolve(nil); err != nil || u != "https://e.example.com/events" {
				t.Errorf("server %q %v", u, err)
			}
			if s := ch.Servers[0].Security; len(s) != 1 || s[0][0].Scheme.Type != "apiKey" || s[0][0].Scheme.Key != "X-Key" {
				t.Errorf("security %+v", s)
			}
			place, err := d.AsyncOperation(c.place)
			if err != nil {
				t.Fatal(err)
			}
			if place.Action != c.placeAction || place.Channel != ch || len(place.Messages) != 1 || len(ch.Operations) != 2 {
				t.Errorf("%+v", place)
			}
			if b, _ := place.Bindings["http"].(map[string]any); b["method"] != "POST" {
				t.Errorf("bindings %v", place.Bindings)
			}
			m := place.Messages[0]
			if m.CorrelationID != "$message.header#/correlationId" || m.ContentType != c.contentType {
				t.Errorf("%+v", m)
			}
			if _, p := m.Payload.At("/id"); p != Yes {
				t.Errorf("payload: %v", p)
			}
			if _, p := m.Headers.At("/correlationId"); p != Yes {
				t.Errorf("headers: %v", p)
			}
			events, err := d.AsyncOperation(c.events)
			if err != nil || len(events.Messages) != 2 {
				t.Errorf("%+v %v", events, err)
			}
			audit, err := d.Channel("audit")
			if err != nil || !slices.Equal(audit.Protocols(), []string{"https", "kafka"}) {
				t.Errorf("%+v %v", audit, err)
			}
			if _, err := d.Channel("order"); err == nil {
				t.Error("a channel that is not there")
			}
			if _, err := d.Operation(c.place); err == nil {
				t.Error("a message is no request")
			}
		})
	}
	d := parse(t, async3)
	op, _ := d.AsyncOperation("placeOrder")
	if op.Reply == nil || op.Reply.Channel.Name != "replies" || op.Reply.Address != "$message.header#/replyTo" || len(op.Reply.Messages) != 1 {
		t.Errorf("reply %+v", op.Reply)
	}
	ch, _ := d.Channel("orders")
	if ch.Messages[1].Payload != nil {
		t.Error("an Avro schema was taken for JSON Schema")
	}
	if _, err := ch.Expand(map[string]string{"id": "none"}); err == nil {
		t.Error("a value outside the enum")
	}
}
