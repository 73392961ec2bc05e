package sandbox

import (
	"testing"
	"time"
)

// A line that is answered by another line keeps the pipe from ever being empty.
func TestAnEndlessWriterHoldsNoFlushUp(t *testing.T) {
	o, end, err := newOutput()
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	o.to(func(line []byte) {
		select {
		case <-stop:
		default:
			end.Write([]byte("again and again\n"))
		}
	})
	for range 64 {
		end.Write([]byte("again and again\n"))
	}
	flushed := make(chan struct{})
	go func() {
		o.Flush()
		close(flushed)
	}()
	select {
	case <-flushed:
	case <-time.After(10 * time.Second):
		t.Error("Flush waits for the writer's end")
	}
	close(stop)
	end.Close()
	<-o.done
}
