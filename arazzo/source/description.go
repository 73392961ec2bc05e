package source

import "slices"

// Description is a loaded API description.
type Description struct {
	Kind     Kind
	Version  string // the language's: 3.1.0
	Title    string
	Location string   // where it was read from
	Notes    []string // what was done about it that its author did not say

	root     *document
	index    *index
	security Security
}

// Operations are all operations of paths (of webhooks none) that can be read, in the document's order. OpenAPI only.
func (d *Description) Operations() []*Operation {
	return slices.DeleteFunc(slices.Clone(d.index.operations), func(o *Operation) bool { return o.unknown })
}

// Operation finds an operation by its operationId, letter for letter; else by an alias. The error of a near miss names the near ones.
func (d *Description) Operation(id string) (*Operation, error) { return d.findOperation(id) }

// OperationAt finds an operation by JSON pointer: "#/paths/~1pets/get", "/paths/~1pets/get", with or without a URL (or the expression
// {$sourceDescriptions.x.url}) before the #. Percent-encoding in the fragment is undone.
func (d *Description) OperationAt(pointer string) (*Operation, error) {
	return d.findOperationAt(pointer)
}

// Channels are all channels, in the document's order. AsyncAPI only.
func (d *Description) Channels() []*Channel { return d.index.channels }

// Channel finds a channel by its name or its address.
func (d *Description) Channel(name string) (*Channel, error) { return d.findChannel(name) }

// ChannelAt finds a channel by JSON pointer, as OperationAt does.
func (d *Description) ChannelAt(pointer string) (*Channel, error) { return d.findChannelAt(pointer) }

// AsyncOperations are all operations, in the document's order. AsyncAPI only.
func (d *Description) AsyncOperations() []*AsyncOperation { return d.index.asyncOperations }

// AsyncOperation finds an operation by its id.
func (d *Description) AsyncOperation(id string) (*AsyncOperation, error) {
	return d.findAsyncOperation(id)
}

// SecurityScheme is the scheme of that name; nil where there is none.
func (d *Description) SecurityScheme(name string) *SecurityScheme { return d.index.schemes[name] }
