package lambda

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"pgregory.net/rapid"

	"github.com/headgate/headgate/internal/db/dbtest"
	"github.com/headgate/headgate/internal/sandbox/environment"
)

// The routing decision of an invocation, 100,000 times for each weight: the split must match it.
// 19.51 is the value that chi-square with one degree of freedom exceeds once in 100,000 runs.
func TestSplitMatchesTheWeight(t *testing.T) {
	p := sqlite(t)
	twoVersions(t, p)
	p.alias(t, "f", "live", "1", nil)
	for _, w := range []float64{0, 0.001, 0.1, 0.5, 0.9, 1} {
		must(p.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), RoutingConfig: routing(map[string]float64{"2": w})}))(t)
		tt, _ := parseTarget(t.Context(), aws.String("f:live"), nil)
		const n = 100_000
		var second float64
		for range n {
			_, v, err := p.directory.resolve(t.Context(), tt)
			if err != nil {
				t.Fatal(err)
			}
			switch v.name {
			case "2":
				second++
			case "1":
			default:
				t.Fatalf("a third version: %s", v.name)
			}
		}
		if w == 0 || w == 1 {
			if second != n*w {
				t.Errorf("weight %v: %v of %d", w, second, n)
			}
			continue
		}
		off := second - n*w
		if chi := off*off/(n*w) + off*off/(n*(1-w)); chi > 19.51 {
			t.Errorf("weight %v: %v of %d, chi-square %.1f", w, second, n, chi)
		}
	}
}

// While weights and targets move and versions come and go, every invocation is answered, by a
// version that the alias led to at some moment between its start and its end.
func TestNoInvocationIsLostWhileWeightsMove(t *testing.T) {
	p := sqlite(t)
	twoVersions(t, p)
	p.publish(t, "f", "three") // never a target
	p.alias(t, "f", "live", "1", nil)
	rapid.Check(t, func(rt *rapid.T) {
		moves := rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "1+2", "2+1", "code"}), 1, 3).Draw(rt, "moves")
		var stop atomic.Bool
		var wg sync.WaitGroup
		var served atomic.Int64
		fail := make(chan string, 8)
		for range 4 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for !stop.Load() {
					out, err := p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f:live")})
					if err != nil {
						fail <- err.Error()
						return
					}
					want := map[string]string{"1": `{"code":"one","version":"1"}`, "2": `{"code":"two","version":"2"}`}[*out.ExecutedVersion]
					if string(out.Payload) != want || want == "" {
						fail <- fmt.Sprintf("version %s answered %s", *out.ExecutedVersion, out.Payload)
						return
					}
					served.Add(1)
				}
			}()
		}
		for i, m := range moves {
			before := served.Load()
			eventually(t, func() bool { return served.Load() > before+1 || len(fail) > 0 }) // invocations are under way
			if m == "code" {                                                                // $LATEST changes, which must not touch the alias
				_, err := p.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: code(fmt.Sprint("latest", i, rand.Int()))})
				if err != nil {
					rt.Fatal(err)
				}
				p.settled(t, "f")
				continue
			}
			in := &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String(m[:1]), RoutingConfig: routing(nil)}
			if len(m) > 1 {
				in.RoutingConfig = routing(map[string]float64{m[2:]: 0.5})
			}
			if _, err := p.UpdateAlias(t.Context(), in); err != nil {
				rt.Fatal(err)
			}
			if len(m) == 1 { // from here on, only this one
				for range 3 {
					out, err := p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f:live")})
					if err != nil || *out.ExecutedVersion != m {
						rt.Fatalf("after the alias was set to %s: %v %v", m, out, err)
					}
				}
			}
		}
		stop.Store(true)
		wg.Wait()
		select {
		case f := <-fail:
			rt.Fatal(f)
		default:
		}
	})
}

func TestEnvironmentsOfGoneVersionsAreClosed(t *testing.T) {
	p := sqlite(t)
	twoVersions(t, p)
	p.alias(t, "f", "live", "1", nil)
	for _, f := range []string{"f", "f:live", "f:2"} {
		p.call(t, f)
	}
	if p.envs.alive() != 3 {
		t.Fatalf("%d environments", p.envs.alive())
	}
	must(p.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("f"), ZipFile: code("three")}))(t)
	p.settled(t, "f")
	eventually(t, func() bool { return p.envs.alive() == 2 }) // $LATEST's old one
	must(p.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("2")}))(t)
	if got := p.call(t, "f:1"); got["code"] != "one" || p.envs.started != 3 {
		t.Errorf("moving an alias closed a version's environment: %v", got)
	}
	must(p.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f:1")}))(t)
	eventually(t, func() bool { return p.envs.alive() == 1 })

	running, let := make(chan bool), make(chan bool)
	p.envs.run = func(f environment.Function, _ *environment.Invocation, _ func(string)) (environment.Outcome, error) {
		close(running)
		<-let
		return answer(f.Version), nil
	}
	done := make(chan error, 1)
	go func() {
		_, err := p.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f:2")})
		done <- err
	}()
	<-running
	must(p.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}))(t)
	close(let)
	if err := <-done; err != nil {
		t.Errorf("an invocation under way was lost with its function: %v", err)
	}
	eventually(t, func() bool { return p.envs.alive() == 0 && !p.pool.has(key{"000000000000", "us-east-1", "f"}) })
}

func TestAnotherNodeFollows(t *testing.T) {
	url, dir := dbtest.Postgres(t), t.TempDir()
	a := openNode(t, dbtest.Open(t, url), dir, "a")
	defer a.close()
	b := openNode(t, dbtest.Open(t, url), t.TempDir(), "b", func(d *Deps) { d.Blobs = a.Blobs })
	defer b.close()
	twoVersions(t, a)
	a.alias(t, "f", "live", "1", nil)
	if got := b.call(t, "f:live"); got["code"] != "one" {
		t.Errorf("%v", got)
	}
	must(a.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("2")}))(t)
	eventually(t, func() bool { return b.call(t, "f:live")["code"] == "two" })
}
