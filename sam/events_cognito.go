package sam

import (
	"github.com/headgate/headgate/internal/template/tree"
)

// cognito has a user pool of the same template call the function: the pool itself is changed.
func (e *event) cognito() error {
	if err := e.known("UserPool Trigger", "UserPool", "Trigger"); err != nil {
		return err
	}
	if given := e.get("Trigger"); !given.Is(tree.String) && !given.Is(tree.List) {
		return resourceError(e.id, "Type of property 'Trigger' is invalid.")
	}
	id := e.get("UserPool").Get("Ref").Str()
	pool := e.f.t.source.Get(id)
	if id == "" || pool == nil {
		return e.fail("Cognito events must reference a Cognito UserPool in the same template.")
	}
	p := e.permission("cognito-idp.amazonaws.com", "SourceArn", getAtt(id, "Arn"))
	p.id = e.f.id + "CognitoPermission"
	props, err := propertiesOf(id, pool)
	if err != nil {
		return err
	}
	config := present(props.Get("LambdaConfig"))
	if config == nil {
		config = tree.NewMap()
		props.Set("LambdaConfig", config)
	}
	if !config.Is(tree.Map) {
		return resourceError(id, "Property 'LambdaConfig' should be a map.")
	}
	for _, t := range listOf(e.get("Trigger")).Items {
		if config.Has(t.Str()) {
			return e.fail("Cognito trigger \"%s\" defined multiple times.", textOf(e.get("Trigger")))
		}
		config.Set(t.Str(), e.functionARN())
	}
	return nil
}
