package resource

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/template"
)

// Registry knows the types. It never changes once made.
type Registry struct {
	handlers map[string]Handler
	schemas  map[string]*Schema
}

// NewRegistry returns the types that the peers make possible.
func NewRegistry(p Peers) *Registry {
	r := &Registry{handlers: map[string]Handler{}, schemas: map[string]*Schema{}}
	r.add(waitConditionHandle{}, cdkMetadata{})
	if p.Lambda != nil {
		r.add(&lambdaFunction{p.Lambda}, &lambdaVersion{p.Lambda}, &lambdaPermission{p.Lambda},
			&lambdaAlias{lambda: p.Lambda, deploy: p.CodeDeploy})
		if x, ok := p.Lambda.(LambdaInvokeConfig); ok {
			r.add(&lambdaInvokeConfig{x})
		}
		if x, ok := p.Lambda.(LambdaLayers); ok {
			r.add(&lambdaLayerVersion{x})
		}
		if x, ok := p.Lambda.(LambdaEventSources); ok {
			r.add(&eventSource{x})
		}
	}
	if p.IAM != nil {
		r.add(&iamRole{p.IAM}, &iamPolicy{p.IAM}, &iamManagedPolicy{p.IAM})
	}
	if p.CodeDeploy != nil {
		r.add(&deployApplication{p.CodeDeploy}, &deployGroup{p.CodeDeploy}, &deployConfig{p.CodeDeploy})
	}
	if p.CloudWatch != nil {
		r.add(&alarm{p.CloudWatch})
	}
	if p.Logs != nil {
		r.add(&logGroup{p.Logs})
	}
	if p.S3 != nil {
		r.add(&bucket{p.S3})
		if x, ok := p.S3.(S3Policies); ok {
			r.add(&bucketPolicy{x})
		}
	}
	if p.SQS != nil {
		r.add(&queue{p.SQS})
	}
	if p.StepFunctions != nil {
		objects, _ := p.S3.(S3Objects)
		r.add(&stateMachine{p.StepFunctions, objects}, &machineVersion{p.StepFunctions}, &activity{p.StepFunctions},
			&machineAlias{sfn: p.StepFunctions, cloudwatch: p.CloudWatch})
	}
	return r
}

func (r *Registry) add(hs ...Handler) {
	for _, h := range hs {
		s := h.Schema()
		r.handlers[s.Type], r.schemas[s.Type] = h, s
	}
}

// Handler returns a type's handler, or nil.
func (r *Registry) Handler(typ string) Handler { return r.handlers[typ] }

// Schema returns a type's schema, or nil.
func (r *Registry) Schema(typ string) *Schema { return r.schemas[typ] }

// Types lists the types, sorted.
func (r *Registry) Types() []string { return slices.Sorted(maps.Keys(r.handlers)) }

// Replaces tells what changing a property of a type takes, for template.Diff.
func (r *Registry) Replaces(typ, property string) template.Replacement {
	if s := r.schemas[typ]; s != nil {
		return s.Replaces(property)
	}
	return template.Never
}

// refused are types that AWS has, with the reason why there is nothing like them here.
func refused(typ string) string {
	switch {
	case typ == "AWS::Lambda::Url":
		return "function URLs are not served; invoke the function, or its alias, by the Lambda API"
	case typ == "AWS::CloudFormation::Stack" || typ == "AWS::Serverless::Application":
		return "nested stacks are not supported; deploy each template as a stack of its own and share values by exports"
	case strings.HasPrefix(typ, "Custom::") || typ == "AWS::CloudFormation::CustomResource":
		return "custom resources are not supported"
	}
	return ""
}

// CheckTypes tells which of the types are not to be had, in CloudFormation's words.
func (r *Registry) CheckTypes(types []string) error {
	var unknown []string
	for _, t := range types {
		if r.handlers[t] != nil || slices.Contains(unknown, t) {
			continue
		}
		if why := refused(t); why != "" {
			return fmt.Errorf("Template format error: Unrecognized resource types: [%s]: %s", t, why)
		}
		unknown = append(unknown, t)
	}
	if len(unknown) > 0 {
		return fmt.Errorf("Template format error: Unrecognized resource types: [%s]", strings.Join(unknown, ", "))
	}
	return nil
}
