package cloudformation

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/template"
	"github.com/headgate/headgate/internal/template/tree"
	"github.com/headgate/headgate/sam"
)

// GetTemplate implements the operation.
func (s *Service) GetTemplate(ctx context.Context, in *cloudformation.GetTemplateInput, _ ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	c := caller.From(ctx)
	var original, processed string
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if name := aws.ToString(in.ChangeSetName); name != "" {
			x, err := findChangeSet(tx, c, name, aws.ToString(in.StackName))
			if err != nil {
				return err
			}
			original, processed = x.Original, x.Processed
			return nil
		}
		name := aws.ToString(in.StackName)
		st, err := findStack(tx, c, name, true)
		if errors.Is(err, db.ErrNotFound) {
			return invalid("Stack with id %s does not exist", name)
		}
		if err == nil {
			original, processed = st.Original, st.Processed
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &cloudformation.GetTemplateOutput{TemplateBody: &original,
		StagesAvailable: []types.TemplateStage{types.TemplateStageOriginal, types.TemplateStageProcessed}}
	if in.TemplateStage == types.TemplateStageProcessed {
		out.TemplateBody = &processed
	}
	return out, nil
}

// outline is what can be told of a template without making anything of it.
type outline struct {
	template *template.Template
	declared []string // transforms
	needed   []types.Capability
	reason   *string
}

// outlineOf reads a template. A SAM template is translated where its parameters allow that without
// values; where they do not, it is described as it stands.
func (s *Service) outlineOf(c caller.Caller, text string) (*outline, error) {
	doc, err := tree.Parse([]byte(text))
	if err != nil {
		return nil, invalid("%s", err)
	}
	o := &outline{declared: transforms(doc.Root)}
	original, err := template.FromTree(doc.Root)
	if err != nil {
		return nil, invalid("%s", err)
	}
	o.template = original
	if slices.Contains(o.declared, sam.TransformName) {
		out, err := sam.TranslateTree(doc.Root, sam.Options{Region: c.Region, Partition: c.Partition})
		if err == nil {
			if t, err := template.FromTree(out.Tree()); err == nil {
				o.capabilities(s, t)
			}
		}
		if !slices.Contains(o.needed, types.CapabilityCapabilityAutoExpand) {
			o.needed = append(o.needed, types.CapabilityCapabilityAutoExpand)
		}
		return o, nil
	}
	if err := s.types.CheckTypes(resourceTypes(original)); err != nil {
		return nil, invalid("%s", err)
	}
	o.capabilities(s, original)
	return o, nil
}

func (o *outline) capabilities(s *Service, t *template.Template) {
	needed, because := s.capabilities(t)
	if needed == "" {
		return
	}
	o.needed = append(o.needed, needed)
	list := ""
	for i, typ := range because {
		if i > 0 {
			list += ", "
		}
		list += typ
	}
	o.reason = aws.String("The following resource(s) require capabilities: [" + list + "]")
}

// ValidateTemplate implements the operation.
func (s *Service) ValidateTemplate(ctx context.Context, in *cloudformation.ValidateTemplateInput, _ ...func(*cloudformation.Options)) (*cloudformation.ValidateTemplateOutput, error) {
	text, err := s.readTemplate(ctx, in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	o, err := s.outlineOf(caller.From(ctx), text)
	if err != nil {
		return nil, err
	}
	if err := s.bindable(caller.From(ctx), o); err != nil {
		return nil, err
	}
	out := &cloudformation.ValidateTemplateOutput{Description: optional(o.template.Description), Capabilities: o.needed,
		CapabilitiesReason: o.reason, DeclaredTransforms: o.declared, Parameters: []types.TemplateParameter{}}
	for _, p := range o.template.Parameters {
		out.Parameters = append(out.Parameters, types.TemplateParameter{ParameterKey: aws.String(p.Name), DefaultValue: p.Default,
			NoEcho: aws.Bool(p.NoEcho), Description: optional(p.Description)})
	}
	return out, nil
}

// bindable finds references to nothing, and circles, provided that every parameter has a default.
func (s *Service) bindable(c caller.Caller, o *outline) error {
	if slices.Contains(o.declared, sam.TransformName) {
		return nil
	}
	for _, p := range o.template.Parameters {
		if p.Default == nil {
			return nil
		}
	}
	env := envOf(&stack{Caller: c, Name: "stack", ID: newStackID(c, "stack")})
	if _, err := o.template.Bind(env); err != nil {
		return invalid("%s", err)
	}
	return nil
}

// GetTemplateSummary implements the operation, for a template or for a stack's.
func (s *Service) GetTemplateSummary(ctx context.Context, in *cloudformation.GetTemplateSummaryInput, _ ...func(*cloudformation.Options)) (*cloudformation.GetTemplateSummaryOutput, error) {
	var text string
	var err error
	if name := aws.ToString(in.StackName); name != "" {
		out, err := s.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &name})
		if err != nil {
			return nil, err
		}
		text = aws.ToString(out.TemplateBody)
	} else if text, err = s.readTemplate(ctx, in.TemplateBody, in.TemplateURL); err != nil {
		return nil, err
	}
	o, err := s.outlineOf(caller.From(ctx), text)
	if err != nil {
		return nil, err
	}
	t := o.template
	out := &cloudformation.GetTemplateSummaryOutput{Description: optional(t.Description), Capabilities: o.needed, CapabilitiesReason: o.reason,
		DeclaredTransforms: o.declared, Parameters: []types.ParameterDeclaration{}}
	if v := t.Root.Get("AWSTemplateFormatVersion"); v != nil {
		out.Version = optional(v.Text)
	}
	if t.Metadata != nil {
		out.Metadata = aws.String(string(t.Metadata.Indent("")))
	}
	for _, typ := range resourceTypes(t) {
		if !slices.Contains(out.ResourceTypes, typ) {
			out.ResourceTypes = append(out.ResourceTypes, typ)
		}
	}
	for _, p := range t.Parameters {
		out.Parameters = append(out.Parameters, types.ParameterDeclaration{ParameterKey: aws.String(p.Name), ParameterType: aws.String(p.Type),
			DefaultValue: p.Default, NoEcho: aws.Bool(p.NoEcho), Description: optional(p.Description),
			ParameterConstraints: &types.ParameterConstraints{AllowedValues: p.AllowedValues}})
	}
	return out, nil
}
