package sam

import "github.com/headgate/headgate/internal/template/tree"

// expandTable makes an AWS::DynamoDB::Table with one key.
func (b *base) expandTable() ([]*resource, error) {
	err := checkProperties(b.id, b.typ, b.props, map[string]kinds{
		"PointInTimeRecoverySpecification": anyValue, "PrimaryKey": aMap, "ProvisionedThroughput": aMap, "TableName": anyValue,
		"Tags": aMap, "SSESpecification": aMap,
	})
	if err != nil {
		return nil, err
	}
	name, typ := tree.NewString("id"), "S"
	if key := b.get("PrimaryKey"); key.Truthy() {
		if name = present(key.Get("Name")); name == nil {
			return nil, resourceError(b.id, "Property 'PrimaryKey.Name' is required.")
		}
		t := present(key.Get("Type"))
		if t == nil {
			return nil, resourceError(b.id, "Property 'PrimaryKey.Type' is required.")
		}
		switch t.Str() {
		case "String":
		case "Number":
			typ = "N"
		case "Binary":
			typ = "B"
		default:
			return nil, resourceError(b.id, `Invalid 'Type' "%s".`, textOf(t))
		}
	}
	props := tree.NewMap(
		"AttributeDefinitions", tree.NewList(tree.NewMap("AttributeName", name.Clone(), "AttributeType", typ)),
		"KeySchema", tree.NewList(tree.NewMap("AttributeName", name.Clone(), "KeyType", "HASH")))
	if t := b.get("ProvisionedThroughput"); t.Truthy() {
		props.Set("ProvisionedThroughput", t.Clone())
	} else {
		props.Set("BillingMode", tree.NewString("PAY_PER_REQUEST"))
	}
	copyAll(props, b.props, "PointInTimeRecoverySpecification", "SSESpecification", "TableName")
	if tags := b.get("Tags"); tags.Len() > 0 {
		list := tree.NewList()
		for _, p := range tags.Pairs {
			list.Append(tree.NewMap("Key", p.Key, "Value", tagValue(p.Value)))
		}
		props.Set("Tags", list)
	}
	return []*resource{{id: b.id, typ: "AWS::DynamoDB::Table", props: props, attributes: b.attributes(), dependsOn: b.node.Get("DependsOn").Clone()}}, nil
}
