package cloudformation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/headgate/headgate/internal/template"
	"github.com/headgate/headgate/internal/template/tree"
)

func insufficient(c types.Capability) error {
	return &types.InsufficientCapabilitiesException{Message: aws.String(fmt.Sprintf("Requires capabilities : [%s]", c))}
}

// capabilities tells what a template needs to be acknowledged, and because of which resource types.
func (s *Service) capabilities(t *template.Template) (needed types.Capability, because []string) {
	for _, r := range t.Resources {
		schema := s.types.Schema(r.Type)
		if schema == nil || !schema.IAM {
			continue
		}
		if !slices.Contains(because, r.Type) {
			because = append(because, r.Type)
		}
		if needed == "" {
			needed = types.CapabilityCapabilityIam
		}
		if schema.Name.Property != "" && r.Properties.Has(schema.Name.Property) {
			needed = types.CapabilityCapabilityNamedIam
		}
	}
	return needed, because
}

func (s *Service) checkCapabilities(t *template.Template, w wanted) error {
	needed, _ := s.capabilities(t)
	given := slices.Contains(w.Capabilities, needed) ||
		needed == types.CapabilityCapabilityIam && slices.Contains(w.Capabilities, types.CapabilityCapabilityNamedIam)
	if needed != "" && !given {
		return insufficient(needed)
	}
	return nil
}

// checkResources checks properties as far as they are known, and the attributes that are asked for,
// so that a mistake is told before anything is made.
func (s *Service) checkResources(b *template.Bound, rows standing) error {
	for _, r := range b.Resources() {
		if err := s.checkAttributes(b, r.Properties); err != nil {
			return err
		}
		if r.CreationPolicy != nil {
			return invalid("CreationPolicy is not supported for resource %s", r.ID)
		}
		if r.DeletionPolicy == "Snapshot" || r.UpdateReplacePolicy == "Snapshot" {
			return invalid("Template error: resource type %s does not support snapshots (resource %s)", r.Type, r.ID)
		}
		properties, err := b.Properties(r.ID, lenient{rows})
		if err != nil {
			return invalid("%s", err)
		}
		if err := s.types.Schema(r.Type).CheckNames(properties); err != nil {
			return invalid("%s", located(r.ID, err))
		}
	}
	if _, err := b.Outputs(lenient{rows}); err != nil {
		return invalid("%s", err)
	}
	for _, o := range b.Template.Outputs {
		if o.Condition != "" && !b.Condition(o.Condition) {
			continue
		}
		if err := s.checkAttributes(b, o.Value); err != nil {
			return err
		}
	}
	return nil
}

func located(logical string, err error) error {
	if strings.HasPrefix(err.Error(), "Encountered unsupported property") {
		return fmt.Errorf("%w (resource %s)", err, logical)
	}
	return malformed(logical, err)
}

// checkAttributes refuses Fn::GetAtt of what a type does not have.
func (s *Service) checkAttributes(b *template.Bound, n *tree.Node) error {
	if n == nil {
		return nil
	}
	if at := n.Get("Fn::GetAtt"); at != nil && len(n.Pairs) == 1 {
		id, attribute := "", ""
		if at.Is(tree.String) {
			id, attribute, _ = strings.Cut(at.Text, ".")
		} else if len(at.Items) == 2 && at.Items[1].Is(tree.String) {
			id, attribute = at.Items[0].Str(), at.Items[1].Text
		}
		if r := b.Resource(id); r != nil && attribute != "" && !s.types.Schema(r.Type).HasAttribute(attribute) {
			return invalid("Template error: resource %s does not support attribute type %s in Fn::GetAtt", id, attribute)
		}
		return nil
	}
	for _, x := range n.Items {
		if err := s.checkAttributes(b, x); err != nil {
			return err
		}
	}
	for _, p := range n.Pairs {
		if err := s.checkAttributes(b, p.Value); err != nil {
			return err
		}
	}
	return nil
}

// lenient answers Unknown where the stack has no answer yet.
type lenient struct{ rows standing }

func (l lenient) Ref(id string) (any, error) { return l.rows.Ref(id) }

func (l lenient) GetAtt(id, attribute string) (any, error) {
	v, err := l.rows.GetAtt(id, attribute)
	if err != nil {
		return template.Unknown{ID: id, Attribute: attribute}, nil //nolint:nilerr // what is not there yet is unknown
	}
	return v, nil
}
