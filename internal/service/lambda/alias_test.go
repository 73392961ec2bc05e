package lambda

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// twoVersions makes function f with versions 1 ("one") and 2 ("two").
func twoVersions(t testing.TB, p *platform) {
	t.Helper()
	p.create(t, newInput("f", "one"))
	must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(t)
	p.publish(t, "f", "two")
}

func routing(w map[string]float64) *types.AliasRoutingConfiguration {
	return &types.AliasRoutingConfiguration{AdditionalVersionWeights: w}
}

func TestAliasFromCreateToDelete(t *testing.T) {
	both(t, func(t *testing.T, p *platform) {
		ctx, f, live := t.Context(), aws.String("f"), aws.String("live")
		twoVersions(t, p)
		a := must(p.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: f, Name: live, FunctionVersion: aws.String("1"), RoutingConfig: routing(map[string]float64{"2": 0.25})}))(t)
		if *a.AliasArn != "arn:aws:lambda:us-east-1:000000000000:function:f:live" || a.RoutingConfig.AdditionalVersionWeights["2"] != 0.25 || *a.Description != "" {
			t.Errorf("created %+v", a)
		}
		_, err := p.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: f, Name: live, FunctionVersion: aws.String("1")})
		refused(t, err, "ResourceConflictException", "Alias already exists: arn:aws:lambda:us-east-1:000000000000:function:f:live")
		_, err = p.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: f, Name: live, RevisionId: aws.String("x")})
		refused(t, err, "PreconditionFailedException", "Revision Id")
		u := must(p.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: f, Name: live, RevisionId: a.RevisionId, Description: aws.String("d")}))(t)
		if u.RoutingConfig == nil || *u.FunctionVersion != "1" || *u.Description != "d" || *u.RevisionId == *a.RevisionId {
			t.Errorf("updated %+v", u)
		}
		u = must(p.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: f, Name: live, FunctionVersion: aws.String("2"), RoutingConfig: routing(map[string]float64{})}))(t)
		if u.RoutingConfig != nil || *u.FunctionVersion != "2" {
			t.Errorf("{} does not clear: %+v", u)
		}
		if got := must(p.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: f, Name: live}))(t); *got.FunctionVersion != "2" || got.RoutingConfig != nil {
			t.Errorf("got %+v", got)
		}
		if got := p.call(t, "f:live"); got["version"] != "2" || got["code"] != "two" {
			t.Errorf("the alias answered %v", got)
		}
		p.alias(t, "f", "beta", "1", nil)
		for version, want := range map[string]int{"": 2, "1": 1, "2": 1, "7": 0} {
			in := &lambda.ListAliasesInput{FunctionName: f}
			if version != "" {
				in.FunctionVersion = &version
			}
			if out := must(p.ListAliases(ctx, in))(t); len(out.Aliases) != want {
				t.Errorf("version %q has aliases %+v", version, out.Aliases)
			}
		}
		c := must(p.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f:live")}))(t)
		if *c.FunctionArn != "arn:aws:lambda:us-east-1:000000000000:function:f:live" || *c.Version != "2" {
			t.Errorf("by alias: %+v", c)
		}
		for range 2 { // deleting what is not there succeeds
			must(p.DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: f, Name: live}))(t)
		}
		_, err = p.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: f, Name: live})
		refused(t, err, "ResourceNotFoundException", "Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:f:live")
		_, err = p.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: f, Name: live})
		refused(t, err, "ResourceNotFoundException", "Cannot find alias arn")
	})
}

func TestAliasRefuses(t *testing.T) {
	p := sqlite(t)
	twoVersions(t, p)
	must(p.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Role: aws.String(testRole + "2")}))(t)
	p.settled(t, "f")
	must(p.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}))(t)
	p.alias(t, "f", "kept", "1", nil)
	for name, c := range map[string]struct {
		alias, version string
		w              map[string]float64
		code, message  string
	}{
		"a weight above 1":     {"a", "1", map[string]float64{"2": 1.5}, "ValidationException", "Value '{2=1.5}' at 'routingConfig.additionalVersionWeights'"},
		"a weight below 0":     {"a", "1", map[string]float64{"2": -0.1}, "ValidationException", "greater than or equal to 0.0"},
		"two more versions":    {"a", "1", map[string]float64{"2": 0.1, "3": 0.1}, "InvalidParameterValueException", "Number of items in AdditionalVersionWeights cannot be greater than 1"},
		"the primary again":    {"a", "1", map[string]float64{"1": 0.1}, "InvalidParameterValueException", "Invalid function version 1. Function version 1 is already included in routing configuration."},
		"$LATEST as primary":   {"a", latest, map[string]float64{"1": 0.1}, "InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version"},
		"$LATEST as second":    {"a", "1", map[string]float64{latest: 0.1}, "InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version"},
		"a word as second":     {"a", "1", map[string]float64{"x": 0.1}, "ValidationException", "[0-9]+"},
		"an unknown second":    {"a", "1", map[string]float64{"9": 0.1}, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:9"},
		"an unknown version":   {"a", "9", nil, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:9"},
		"another role":         {"a", "1", map[string]float64{"3": 0.1}, "InvalidParameterValueException", "same execution role"},
		"a number as a name":   {"12", "1", nil, "ValidationException", "Value '12' at 'name'"},
		"a name with a space":  {"a b", "1", nil, "ValidationException", "Value 'a b' at 'name'"},
		"an alias as a target": {"a", "kept", nil, "ValidationException", "functionVersion"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &lambda.CreateAliasInput{FunctionName: aws.String("f"), Name: &c.alias, FunctionVersion: &c.version}
			if c.w != nil {
				in.RoutingConfig = routing(c.w)
			}
			_, err := p.CreateAlias(t.Context(), in)
			refused(t, err, c.code, c.message)
			if c.w == nil {
				return
			}
			_, err = p.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: aws.String("f"), Name: aws.String("kept"), FunctionVersion: &c.version, RoutingConfig: routing(c.w)})
			refused(t, err, c.code, c.message)
		})
	}
	if out := must(p.ListAliases(t.Context(), &lambda.ListAliasesInput{FunctionName: aws.String("f")}))(t); len(out.Aliases) != 1 || *out.Aliases[0].FunctionVersion != "1" || out.Aliases[0].RoutingConfig != nil {
		t.Errorf("something has changed: %+v", out.Aliases)
	}
}
