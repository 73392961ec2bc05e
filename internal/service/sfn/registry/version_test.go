package registry

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"pgregory.net/rapid"
)

func TestPublishingIsIdempotentOnTheRevision(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass).StateMachineArn
		publish := func(revision string) string {
			in := &sfn.PublishStateMachineVersionInput{StateMachineArn: &arn}
			if revision != "" {
				in.RevisionId = &revision
			}
			return *ok(f, f.PublishStateMachineVersion)(in).StateMachineVersionArn
		}
		if a, b := publish(""), publish("INITIAL"); a != arn+":1" || b != a {
			f.Errorf("the first revision's versions are %s and %s", a, b)
		}
		u := f.publish(arn, pass2)
		if *u.StateMachineVersionArn != arn+":2" || publish(*u.RevisionId) != arn+":2" {
			f.Errorf("published %s", *u.StateMachineVersionArn)
		}
		refused(f, f.PublishStateMachineVersion, &sfn.PublishStateMachineVersionInput{StateMachineArn: &arn, RevisionId: aws.String("INITIAL")}, "ConflictException",
			"Failed to publish the State Machine version for revision INITIAL. The current State Machine revision is "+*u.RevisionId+".")
		refused(f, f.PublishStateMachineVersion, &sfn.PublishStateMachineVersionInput{StateMachineArn: aws.String(arn + ":1")}, "StateMachineDoesNotExist", "")
		d := ok(f, f.DescribeStateMachine)(&sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn + ":1")})
		if *d.StateMachineArn != arn+":1" || *d.Definition != pass || d.RevisionId != nil {
			f.Errorf("version 1 is %s %s %v", *d.StateMachineArn, *d.Definition, d.RevisionId)
		}
	})
}

func TestNumbersOfDeletedVersionsAreNotGivenAgain(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass).StateMachineArn
		f.publish(arn, pass2)
		for range 2 {
			ok(f, f.DeleteStateMachineVersion)(&sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String(arn + ":1")})
		}
		if v := f.publish(arn, pass); *v.StateMachineVersionArn != arn+":2" {
			f.Errorf("got %s", *v.StateMachineVersionArn)
		}
		refused(f, f.DeleteStateMachineVersion, &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: &arn}, "InvalidArn", "")
	})
}

func TestVersionsAreListedNewestFirst(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass, func(in *sfn.CreateStateMachineInput) { in.Publish = true }).StateMachineArn
		for i := range 4 {
			f.publish(arn, fmt.Sprintf(`{"Comment":"%d","StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`, i))
		}
		got := ""
		in := &sfn.ListStateMachineVersionsInput{StateMachineArn: &arn, MaxResults: 2}
		for {
			out := ok(f, f.ListStateMachineVersions)(in)
			for _, v := range out.StateMachineVersions {
				got += (*v.StateMachineVersionArn)[len(arn):]
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if got != ":5:4:3:2:1" {
			f.Errorf("listed %s", got)
		}
	})
}

func TestAVersionThatAnAliasNeedsIsNotDeleted(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass, func(in *sfn.CreateStateMachineInput) { in.Publish = true }).StateMachineArn
		alias := ok(f, f.CreateStateMachineAlias)(&sfn.CreateStateMachineAliasInput{Name: aws.String("live"), RoutingConfiguration: routes(arn, 1, 100)}).StateMachineAliasArn
		refused(f, f.DeleteStateMachineVersion, &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String(arn + ":1")}, "ConflictException",
			"Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [live]")
		ok(f, f.DeleteStateMachineAlias)(&sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: alias})
		ok(f, f.DeleteStateMachineAlias)(&sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: alias})
		ok(f, f.DeleteStateMachineVersion)(&sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String(arn + ":1")})
		if _, err := f.resolve(arn + ":1"); err == nil {
			f.Error("the version can still be started")
		}
	})
}

// routes makes a routing configuration of version, weight pairs.
func routes(machine string, pairs ...int) (out []types.RoutingConfigurationListItem) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.RoutingConfigurationListItem{StateMachineVersionArn: aws.String(fmt.Sprintf("%s:%d", machine, pairs[i])), Weight: int32(pairs[i+1])})
	}
	return out
}

func TestRoutingThatAnAliasMayNotHave(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass, func(in *sfn.CreateStateMachineInput) { in.Publish = true }).StateMachineArn
		other := *f.create("other", pass, func(in *sfn.CreateStateMachineInput) { in.Publish = true }).StateMachineArn
		f.publish(arn, pass2)
		for _, c := range []struct {
			routing       []types.RoutingConfigurationListItem
			code, message string
		}{
			{routes(arn, 1, 50, 1, 50), "ValidationException", "Routing configuration must contain distinct state machine version ARNs. Received: [" + arn + ":1, " + arn + ":1]"},
			{append(routes(arn, 1, 50), types.RoutingConfigurationListItem{StateMachineVersionArn: &arn, Weight: 50}), "ValidationException",
				"Routing configuration must contain state machine version ARNs. Received: [" + arn + ":1, " + arn + "]"},
			{routes(arn, 1, 70, 2, 29), "ValidationException", "Sum of routing configuration weights must equal 100. Received: [70, 29]"},
			{append(routes(arn, 1, 50), routes(other, 1, 50)...), "ValidationException", ""},
			{routes(arn, 1, 50, 9, 50), "ResourceNotFound", "Request references a resource that does not exist."},
			{routes(arn+"x", 1, 100), "StateMachineDoesNotExist", ""},
		} {
			refused(f, f.CreateStateMachineAlias, &sfn.CreateStateMachineAliasInput{Name: aws.String("live"), RoutingConfiguration: c.routing}, c.code, c.message)
		}
		alias := ok(f, f.CreateStateMachineAlias)(&sfn.CreateStateMachineAliasInput{Name: aws.String("live"), RoutingConfiguration: routes(arn, 1, 100)}).StateMachineAliasArn
		refused(f, f.UpdateStateMachineAlias, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: alias, RoutingConfiguration: routes(other, 1, 100)}, "ValidationException", "")
		refused(f, f.UpdateStateMachineAlias, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: alias}, "ValidationException", "")
		refused(f, f.UpdateStateMachineAlias, &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: aws.String(arn + ":dead"), Description: aws.String("x")}, "ResourceNotFound", "")
	})
}

func TestAnAliasLivesAndIsListedByItsVersions(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass, func(in *sfn.CreateStateMachineInput) { in.Publish = true }).StateMachineArn
		f.publish(arn, pass2)
		in := &sfn.CreateStateMachineAliasInput{Name: aws.String("live"), Description: aws.String("d"), RoutingConfiguration: routes(arn, 1, 100)}
		first := ok(f, f.CreateStateMachineAlias)(in)
		f.clock.Advance(1e9)
		if again := ok(f, f.CreateStateMachineAlias)(in); !again.CreationDate.Equal(*first.CreationDate) {
			f.Error("the same alias was made again")
		}
		refused(f, f.CreateStateMachineAlias, &sfn.CreateStateMachineAliasInput{Name: aws.String("live"), RoutingConfiguration: routes(arn, 2, 100)}, "ConflictException",
			"Failed to create alias because an alias with the same name and a different routing configuration already exists.")
		ok(f, f.UpdateStateMachineAlias)(&sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: first.StateMachineAliasArn, RoutingConfiguration: routes(arn, 1, 90, 2, 10)})
		d := ok(f, f.DescribeStateMachineAlias)(&sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: first.StateMachineAliasArn})
		if *d.Description != "d" || len(d.RoutingConfiguration) != 2 || !d.UpdateDate.After(*d.CreationDate) {
			f.Errorf("described %+v", d)
		}
		ok(f, f.CreateStateMachineAlias)(&sfn.CreateStateMachineAliasInput{Name: aws.String("beta"), RoutingConfiguration: routes(arn, 2, 100)})
		for query, want := range map[string]int{arn: 2, arn + ":1": 1, arn + ":2": 2} {
			if l := ok(f, f.ListStateMachineAliases)(&sfn.ListStateMachineAliasesInput{StateMachineArn: &query}); len(l.StateMachineAliases) != want {
				f.Errorf("%d aliases of %s, want %d", len(l.StateMachineAliases), query, want)
			}
		}
		refused(f, f.DescribeStateMachine, &sfn.DescribeStateMachineInput{StateMachineArn: first.StateMachineAliasArn}, "StateMachineDoesNotExist", "")
	})
}

func TestResolveFollowsVersionsAndAliases(t *testing.T) {
	run(t, func(f *fixture) {
		arn := *f.create("m", pass, func(in *sfn.CreateStateMachineInput) { in.Publish = true }).StateMachineArn
		f.publish(arn, pass2)
		alias := *ok(f, f.CreateStateMachineAlias)(&sfn.CreateStateMachineAliasInput{Name: aws.String("live"), RoutingConfiguration: routes(arn, 1, 0, 2, 100)}).StateMachineAliasArn
		for _, c := range []struct{ ask, definition, version, alias string }{
			{arn, pass2, "", ""}, {arn + ":1", pass, arn + ":1", ""}, {alias, pass2, arn + ":2", alias},
		} {
			m, err := f.resolve(c.ask)
			if err != nil {
				f.Fatal(err)
			}
			if string(m.Definition) != c.definition || m.VersionARN != c.version || m.AliasARN != c.alias || m.ARN != arn {
				f.Errorf("%s resolves to %+v", c.ask, m)
			}
		}
		for _, missing := range []string{arn + ":7", arn + ":dead", arn + "x", "arn:aws:states:us-east-1:123456789012:stateMachine:m"} {
			if _, err := f.resolve(missing); err == nil || err.Error() != "StateMachineDoesNotExist: State Machine Does Not Exist: '"+missing+"'" {
				f.Errorf("%s: %v", missing, err)
			}
		}
	})
}

func TestAliasesDrawByWeight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.IntRange(0, 100).Draw(t, "weight")
		a := aliasRow{Routing: routes("arn:aws:states:r:1:stateMachine:m", 4, first, 5, 100-first)}
		count := map[int64]int{}
		for n := range 100 {
			count[a.draw(n)]++
		}
		if count[4] != first || count[5] != 100-first {
			t.Fatalf("drawn %v of weights %d and %d", count, first, 100-first)
		}
	})
}
