package jsonata

// maxVisits bounds the walks through a value that have neither a node nor a context at hand to check limits with.
const maxVisits = 50_000_000

// budget counts the visits of such a walk. An array can hold another many times over, so that a value of little
// size takes for ever to walk through; a walk that exceeds the budget ends the evaluation.
type budget int

// runaway is the panic by which it does; Eval makes an error of it.
type runaway struct{}

func (b *budget) spend() {
	if *b++; *b > maxVisits {
		panic(runaway{})
	}
}

// stopRunaway turns a runaway's panic into an error.
func stopRunaway(err *error) {
	switch r := recover(); r.(type) {
	case nil:
	case runaway:
		*err = newError("U1001", 0, "", nil)
	default:
		panic(r)
	}
}
