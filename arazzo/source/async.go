package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Channel is an AsyncAPI channel.
type Channel struct {
	Position
	Name       string // its key: channelPath and operations refer to it by this
	Address    string // the template that is published at; 2.x: the key
	Pointer    string // JSON pointer from the document's root: /channels/orders
	Servers    []Server
	Parameters []ChannelParameter
	Messages   []*Message
	Operations []*AsyncOperation
	Bindings   map[string]any // by protocol: http, ws, kafka, …

	doc *Description
}

// ChannelParameter is a {name} in a channel's address.
type ChannelParameter struct {
	Position
	Name     string
	Default  string
	Enum     []string
	Location string // a runtime expression into the message; may be empty
}

// AsyncOperation is what an application does with a channel.
type AsyncOperation struct {
	Position
	ID string
	// Action is send or receive from the described application's view (3.0). AsyncAPI 2.x's publish, which tells what clients
	// may publish, is receive; its subscribe is send.
	Action   string
	Pointer  string
	Channel  *Channel
	Messages []*Message
	Bindings map[string]any
	Security Security
	Reply    *Reply
}

// Reply is where the answer of a request/reply operation comes from.
type Reply struct {
	Position
	Channel  *Channel // nil: decided by the address
	Address  string   // a runtime expression into the request message
	Messages []*Message
}

// Message is one kind of message of a channel.
type Message struct {
	Position
	Name        string
	ContentType string
	Payload     *Schema
	Headers     *Schema
	// CorrelationID is the location expression of the correlation id, such as $message.header#/correlationId; may be empty.
	CorrelationID string
	Bindings      map[string]any
}

// Protocols are the protocols by which the channel can be reached: those of its servers, else those of its bindings; lower case, sorted.
func (c *Channel) Protocols() []string {
	found := map[string]bool{}
	for _, s := range c.Servers {
		if s.Protocol != "" {
			found[s.Protocol] = true
		}
	}
	if len(found) == 0 {
		for protocol := range c.Bindings {
			if !strings.HasPrefix(protocol, "x-") && protocol != "$ref" {
				found[strings.ToLower(protocol)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Expand fills the {parameters} of the address in. A parameter without a value or default is an error.
func (c *Channel) Expand(values map[string]string) (string, error) {
	address := c.Address
	for _, p := range c.Parameters {
		value, given := values[p.Name]
		if !given {
			value = p.Default
		}
		if !strings.Contains(address, "{"+p.Name+"}") {
			continue
		}
		if value == "" {
			return "", &Error{Position: p.Position, Message: "the channel parameter " + p.Name + " has no value"}
		}
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, value) {
			return "", &Error{Position: p.Position, Message: fmt.Sprintf("the channel parameter %s cannot be %q", p.Name, value), Hint: "one of " + strings.Join(p.Enum, ", ")}
		}
		address = strings.ReplaceAll(address, "{"+p.Name+"}", value)
	}
	return address, nil
}
