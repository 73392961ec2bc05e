package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/source"
)

// target finds what the step calls.
func (s *stepPlan) target(ctx context.Context) error {
	d, m := s.workflow.doc, s.model
	var err error
	var field, rule string
	switch {
	case m.WorkflowID != "":
		field, rule = "workflowId", "unknown-workflow"
		s.sub, err = d.workflowRef(ctx, m.WorkflowID)
		s.label = "workflow " + m.WorkflowID
	case m.OperationID != "":
		field, rule = "operationId", "unknown-operation"
		err = s.byID(ctx)
	case m.OperationPath != "":
		field, rule = "operationPath", "unknown-operation"
		err = s.byPath(ctx, m.OperationPath, false)
	case m.ChannelPath != "":
		field, rule = "channelPath", "unknown-channel"
		err = s.byPath(ctx, m.ChannelPath, true)
	default:
		field, rule, err = "stepId", "step-without-target", errors.New("the step names nothing to call: it needs operationId, operationPath, channelPath or workflowId")
	}
	var invalid *InvalidError
	if err != nil && !errors.As(err, &invalid) {
		return d.planError(rule, m.At(field), m.Path, err)
	}
	return err
}

// byID looks an operation up in the description that the step names, or in all of them.
func (s *stepPlan) byID(ctx context.Context) error {
	d, text := s.workflow.doc, s.model.OperationID
	ref, err := arazzo.ParseOperationID(text)
	if err != nil {
		return err
	}
	if ref.Source != "" {
		from, err := d.source(ctx, ref.Source)
		if err != nil {
			return err
		}
		return s.operation(from, ref.ID)
	}
	var errs []error
	for _, from := range d.sources {
		if from.model.Type == arazzo.SourceArazzo {
			continue
		}
		err := d.load(ctx, from)
		if err == nil && from.api == nil {
			continue
		}
		if err == nil {
			if err = s.operation(from, ref.ID); err == nil {
				return nil
			}
		}
		errs = append(errs, err)
	}
	if prefix, id, dotted := strings.Cut(ref.ID, "."); dotted && !d.run.Strict {
		if from, err := d.source(ctx, prefix); err == nil && s.operation(from, id) == nil {
			s.tolerate("lenient-operation-id", "operationId", text+" is read as $sourceDescriptions."+text)
			return nil
		}
	}
	if len(errs) == 0 {
		return fmt.Errorf("no source description has operations, so there is no %q", text)
	}
	return errors.Join(errs...)
}

func (s *stepPlan) tolerate(rule, field, message string) {
	at := s.model.At(field)
	s.workflow.doc.run.warn(arazzo.Finding{Rule: rule, Message: message, Line: at.Line, Column: at.Column, Path: s.model.Path})
}

// operation takes an operation of a description by its id.
func (s *stepPlan) operation(from *apiSource, id string) error {
	if from.api == nil {
		return fmt.Errorf("source description %s describes no API", from.model.Name)
	}
	if from.api.Kind == source.AsyncAPI {
		op, err := from.api.AsyncOperation(id)
		if err != nil {
			return err
		}
		return s.message(from, op.Channel, op)
	}
	op, err := from.api.Operation(id)
	if err != nil {
		return err
	}
	s.take(from, op)
	return nil
}

func (s *stepPlan) take(from *apiSource, op *source.Operation) {
	s.source, s.op = from, op
	path, _, _ := strings.Cut(op.Path, "#") // descriptions tell operations of one path apart by a fragment
	s.label = op.Method + " " + path
}

// byPath looks an operation or a channel up by a JSON pointer into a description.
func (s *stepPlan) byPath(ctx context.Context, text string, channel bool) error {
	d := s.workflow.doc
	ref, err := arazzo.ParseDescriptionPath(text)
	if err != nil {
		if channel && !d.run.Strict {
			if s.channelByName(ctx, text) == nil {
				s.tolerate("lenient-channel-path", "channelPath", "the channel is named without its source description")
				return nil
			}
		}
		return err
	}
	from, err := d.source(ctx, ref.Source)
	if err != nil {
		return err
	}
	if ref.Pointer == nil {
		if channel && from.api != nil {
			if ch, err := from.api.Channel(ref.ID); err == nil {
				return s.message(from, ch, nil)
			}
		}
		return s.operation(from, ref.ID)
	}
	pointer := ref.Pointer.String()
	switch {
	case from.api == nil:
		return fmt.Errorf("source description %s describes no API", ref.Source)
	case channel:
		ch, err := from.api.ChannelAt(pointer)
		if err != nil {
			return err
		}
		return s.message(from, ch, nil)
	case from.api.Kind == source.AsyncAPI:
		tokens := ref.Pointer.Tokens()
		if len(tokens) != 2 || tokens[0] != "operations" {
			return fmt.Errorf("%q is no operation of an AsyncAPI description: write #/operations/<id>", text)
		}
		return s.operation(from, tokens[1])
	}
	op, err := from.api.OperationAt(pointer)
	if err != nil {
		if only := onlyMethod(from.api, ref.Pointer.Tokens()); only != nil && !d.run.Strict {
			s.tolerate("lenient-operation-path", "operationPath", "the pointer names a path; it is read as its only operation, "+only.Method)
			s.take(from, only)
			return nil
		}
		return err
	}
	s.take(from, op)
	return nil
}

// onlyMethod is the operation of a path that has just one.
func onlyMethod(api *source.Description, tokens []string) *source.Operation {
	if len(tokens) != 2 || tokens[0] != "paths" {
		return nil
	}
	var only *source.Operation
	for _, op := range api.Operations() {
		if op.Path == tokens[1] {
			if only != nil {
				return nil
			}
			only = op
		}
	}
	return only
}

// channelByName looks a channel up in all AsyncAPI descriptions.
func (s *stepPlan) channelByName(ctx context.Context, name string) error {
	d := s.workflow.doc
	for _, from := range d.sources {
		if from.model.Type == arazzo.SourceArazzo || d.load(ctx, from) != nil || from.api == nil || from.api.Kind != source.AsyncAPI {
			continue
		}
		if ch, err := from.api.Channel(name); err == nil {
			return s.message(from, ch, nil)
		}
	}
	return fmt.Errorf("no AsyncAPI description has a channel %q", name)
}

// message makes the step one that sends to or receives from a channel.
func (s *stepPlan) message(from *apiSource, ch *source.Channel, op *source.AsyncOperation) error {
	s.source, s.channel, s.async, s.action = from, ch, op, s.model.Action
	if s.action == "" && op != nil && !s.workflow.doc.run.Strict {
		// The description tells what the application does; the workflow is at the other end.
		s.action = map[string]string{arazzo.ActionSend: arazzo.ActionReceive, arazzo.ActionReceive: arazzo.ActionSend}[op.Action]
		s.tolerate("lenient-action", "operationId", "the step does not say its action; the operation "+op.ID+" makes it "+s.action)
	}
	if s.action == "" {
		return fmt.Errorf("the step does not say whether to send to or receive from channel %s", ch.Name)
	}
	s.label = s.action + " " + ch.Name
	return nil
}
