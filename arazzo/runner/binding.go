package runner

import (
	"context"
	"net/http"

	"github.com/headgate/headgate/arazzo/source"
)

// Binding carries the messages of AsyncAPI channels over one protocol. It is safe for concurrent use.
type Binding interface {
	// Send hands a message over; what becomes of it afterwards is not the runner's business.
	Send(ctx context.Context, to Endpoint, m Message) error
	// Subscribe starts to collect messages. None that arrives after it has returned is lost. ctx is the run's.
	Subscribe(ctx context.Context, from Endpoint) (Subscription, error)
}

// Subscription gives a channel's messages in the order of their arrival.
type Subscription interface {
	// Receive waits for the next message, or until ctx ends.
	Receive(ctx context.Context) (Message, error)
	Close() error
}

// Endpoint is a channel as a step reaches it.
type Endpoint struct {
	Source    string // the name of the source description
	Protocol  string // lower case: http, kafka, …
	Server    string // the base URL or host of the server; empty where the description names none
	Address   string // the channel's address with the parameters filled in; of a subscription the unknown ones stay as {name}
	Channel   *source.Channel
	Operation *source.AsyncOperation // nil for steps by channelPath
	// Prepare refuses or signs the request by which a binding over HTTP sends.
	Prepare func(context.Context, *http.Request) (*http.Request, error)
}

// Message is what travels.
type Message struct {
	// Header's keys are kept as the document or the sender spells them.
	Header      http.Header
	ContentType string
	Payload     []byte
}
