package runner_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/arazzo/runner"
)

// exampleStage serves routes for an example of testdata/examples: documents with the constructs of the specification's own examples, in words
// of ours and with what is not valid in those put right.
func exampleStage(t *testing.T, routes map[string][]reply) *stage {
	s := newStage(t, routes)
	s.runner.Loader.ReadFile = nil
	s.runner.Loader.AllowRemote = true
	s.runner.Servers = map[string]string{"*": s.server.URL}
	return s
}

func (s *stage) example(file, workflow string, inputs map[string]any) *runner.Result {
	s.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "examples", file))
	if err != nil {
		s.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	doc, findings := arazzo.Parse(data, path)
	findings = append(findings, arazzo.Validate(doc, arazzo.Strict)...)
	for _, f := range findings {
		if f.Severity == arazzo.SeverityError {
			s.Errorf("%s: %s", file, f)
		}
	}
	s.runner.Strict = true
	result, err := s.runner.Run(s.Context(), doc, workflow, inputs)
	if err != nil {
		s.Fatal(err)
	}
	return result
}

func TestExamplesParseAndValidateStrictly(t *testing.T) {
	files, err := filepath.Glob("testdata/examples/*.arazzo.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, findings := arazzo.Parse(data, file)
		for _, f := range append(findings, arazzo.Validate(doc, arazzo.Strict)...) {
			t.Errorf("%s: %s", file, f)
		}
	}
}

func TestExamplePetCoupons(t *testing.T) {
	routes := map[string][]reply{
		"GET /pet/findByTags":   {{body: `[{"id":3,"name":"Rex"},{"id":4}]`}},
		"GET /pet/findByStatus": {{body: `[{"id":9}]`}},
		"GET /pet/3/coupons":    {{body: `{"couponCode":"PUPPY10"}`}},
		"POST /store/order":     {{body: `{"id":71}`}},
	}
	s := exampleStage(t, routes)
	r := s.example("pet-coupons.arazzo.yaml", "apply-coupon", map[string]any{"my_pet_tags": []any{"puppy", "dalmatian"}})
	s.ended(r, "apply-coupon=success[find-pet=success find-coupons=success place-order=success]")
	s.outputs(r, `{"apply_coupon_pet_order_id":71}`)
	s.asked("GET /pet/findByTags?pet_tags=puppy,dalmatian", "GET /pet/3/coupons", `POST /store/order {"complete":false,"couponCode":"PUPPY10","petId":3,"status":"placed"}`)

	s = exampleStage(t, routes)
	r = s.example("pet-coupons.arazzo.yaml", "buy-available-pet", nil)
	s.outputs(r, `{"buy_pet_order_id":71}`)
	s.asked("GET /pet/findByStatus?status=available&page=1&pageSize=10", `POST /store/order {"complete":false,"petId":9,"status":"placed"}`)

	s = exampleStage(t, routes)
	s.outputs(s.example("pet-coupons.arazzo.yaml", "place-order", map[string]any{"pet_id": 5, "quantity": 2}), `{"workflow_order_id":71}`)
}

func TestExampleLoginAndRetrievePets(t *testing.T) {
	var authorization string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/login") {
			w.Header().Set("X-Expires-After", "tomorrow")
			w.Header().Set("Content-Type", "text/plain")
			w.Write([]byte("token-1"))
			return
		}
		authorization = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`[{"id":1}]`))
	})
	s.runner.Loader.ReadFile, s.runner.Servers = nil, map[string]string{"petStoreDescription": s.server.URL}
	r := s.example("login-and-retrieve-pets.arazzo.yaml", "", map[string]any{"username": "me", "password": "secret"})
	s.ended(r, "loginUserRetrievePet=success[loginStep=success getPetStep=success]")
	s.outputs(r, `{"available":[{"id":1}],"expires":"tomorrow"}`)
	if authorization != "token-1" {
		t.Errorf("Authorization: %s", authorization)
	}
}

func TestExampleOAuth(t *testing.T) {
	s := exampleStage(t, map[string][]reply{
		"GET /authorize": {{body: `{"code":"c-1"}`}},
		"POST /token":    {{body: `{"access_token":"a-1","refresh_token":"r-1"}`}, {body: `{"access_token":"a-2","expires_in":3600}`}},
	})
	r := s.example("oauth.arazzo.yaml", "refresh-token-flow", map[string]any{"my_client_id": "id", "my_client_secret": "s&s", "my_redirect_uri": "https://me/cb"})
	s.ended(r, "refresh-token-flow=success[do-the-auth-flow=success do-the-refresh=success]")
	s.outputs(r, `{"access_token":"a-2","expires_in":3600}`)
	s.asked("GET /authorize?client_id=id&redirect_uri=https%3A%2F%2Fme%2Fcb&response_type=code&scope=read&state=12345",
		"POST /token client_id=id&client_secret=s%26s&code=c-1&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fme%2Fcb",
		"POST /token grant_type=refresh_token&refresh_token=r-1")
	s = exampleStage(t, map[string][]reply{"POST /token": {{body: `{"access_token":"a-3"}`}}})
	r = s.example("oauth.arazzo.yaml", "client-credentials-flow", map[string]any{"client_id": "id", "client_secret": "x"})
	s.outputs(r, `{"access_token":"a-3"}`)
	s.asked("POST /token client_id=id&client_secret=x&grant_type=client_credentials")
}

func TestExampleFAPIPAR(t *testing.T) {
	s := exampleStage(t, map[string][]reply{
		"POST /as/par":      {{status: 201, body: `{"request_uri":"urn:r:1"}`}},
		"GET /as/authorize": {{status: 302, header: map[string]string{"Location": "https://me/cb?code=z", "X-Code": "z"}}},
		"POST /as/token":    {{body: `{"access_token":"t"}`}},
	})
	r := s.example("fapi-par.arazzo.yaml", "", map[string]any{
		"client_id": "me", "client_assertion": map[string]any{"iss": "i"}, "redirect_uri": "https://me/cb", "code_verifier": "v",
		"PARrequestBody": map[string]any{"response_type": "code"},
	})
	s.ended(r, "OIDC-PAR-AuthzCode=success[PARStep=success AuthzCodeStep=success TokenStep=success]")
	s.outputs(r, `{"access_token":{"access_token":"t"}}`)
	calls := s.calls.all()
	if !strings.Contains(calls[0], "client_assertion=%7B%22iss%22%3A%22i%22%7D") || !strings.HasSuffix(calls[0], `{"response_type":"code"}`) {
		t.Errorf("pushed %s", calls[0])
	}
	if want := `POST /as/token?client_id=me {"code":"z","code_verifier":"v","grant_type":"authorization_code","redirect_uri":"https://me/cb"}`; calls[2] != want {
		t.Errorf("asked %s, want %s", calls[2], want)
	}
}

func TestExampleExtendedParameters(t *testing.T) {
	var got []string
	s := newHandlerStage(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.Header.Get("Cookie")+" "+r.Header.Get("workflowLevelParamTwo"))
	})
	s.runner.Loader.ReadFile, s.runner.Servers = nil, map[string]string{"*": s.server.URL}
	s.ended(s.example("extended-parameters.arazzo.yaml", "", nil), "animal-workflow=success[post-step=success get-step=success]")
	if want := "POST authentication=SUPER_SECRET; workflowLevelParamOne=someValue someValue|GET workflowLevelParamOne=someValue someValue"; strings.Join(got, "|") != want {
		t.Errorf("got %s", strings.Join(got, "|"))
	}
}

func TestExampleBNPL(t *testing.T) {
	products := []any{map[string]any{"productCode": "p", "purchaseAmount": map[string]any{"currency": "EUR", "amount": 9.5}}}
	routes := map[string][]reply{
		"POST /products":  {{body: `{"products":["p"],"eligibilityCheckRequired":true}`}},
		"GET /terms":      {{body: "terms", header: map[string]string{"Content-Type": "text/plain"}}},
		"POST /customers": {{status: 201, body: `{"links":{"self":"/c/1"}}`}},
		"POST /loans":     {{status: 202, body: `{"id":"l1","redirectAuthToken":"tok"}`}},
		"GET /authorize":  {{status: 302, header: map[string]string{"Location": "https://bank"}}},
		"GET /loans/l1":   {{body: `{"rates":3}`}},
		"PATCH /loans/l1": {{status: 204}},
	}
	s := exampleStage(t, routes)
	r := s.example("bnpl.arazzo.yaml", "", map[string]any{"customer": map[string]any{"firstName": "A", "lastName": "B"}, "products": products})
	s.ended(r, "ApplyForLoanAtCheckout=success[checkLoanCanBeProvided=success getCustomerTermsAndConditions=success createCustomer=success "+
		"initiateBnplTransaction=success authorizeLoan=success retrieveFinalizedPaymentPlan=success updateOrderStatus=success]")
	s.outputs(r, `{"plan":{"rates":3},"redirect":"https://bank"}`)

	routes["POST /products"] = []reply{{body: `{"products":["p"],"eligibilityCheckRequired":false}`}}
	routes["POST /loans"] = []reply{{status: 202, body: `{"id":"l1"}`}}
	s = exampleStage(t, routes)
	r = s.example("bnpl.arazzo.yaml", "", map[string]any{"customer": map[string]any{"uri": "https://c/1"}, "products": products})
	s.ended(r, "ApplyForLoanAtCheckout=success[checkLoanCanBeProvided=success getCustomerTermsAndConditions=success "+
		"initiateBnplTransaction=success retrieveFinalizedPaymentPlan=success updateOrderStatus=success]")
	s.outputs(r, `{"plan":{"rates":3}}`)

	routes["POST /products"] = []reply{{body: `{"products":[]}`}}
	s = exampleStage(t, routes)
	r = s.example("bnpl.arazzo.yaml", "", map[string]any{"customer": map[string]any{"uri": "https://c/1"}, "products": products})
	s.ended(r, "ApplyForLoanAtCheckout=success[checkLoanCanBeProvided=success]")
	s.outputs(r, `{}`)
}

func TestExamplePetPurchase(t *testing.T) {
	routes := map[string][]reply{
		"GET /user/login":       {{body: "tok", header: map[string]string{"Content-Type": "text/plain"}}},
		"GET /pet/findByStatus": {{body: `[{"id":7}]`}},
	}
	bus := &runner.Bus{}
	shop(t, bus, "ok")
	s := exampleStage(t, routes)
	s.runner.Servers, s.runner.Clock = map[string]string{"petstoreDescription": s.server.URL}, nil
	s.runner.Bindings = map[string]runner.Binding{"kafka": bus}
	inputs := map[string]any{"username": "me", "password": "p", "orderCorrelationId": "c-9"}
	// $self says https://flows.example.com, where nothing is: the descriptions stand beside the document.
	s.runner.Sources = map[string]string{"petstoreDescription": "testdata/examples/petstore.openapi.yaml", "asyncOrderApiDescription": "testdata/examples/pet.asyncapi.yaml"}
	r := s.example("pet-purchase.arazzo.yaml", "", inputs)
	s.ended(r, "loginUserAndBuyPet=success[loginStep=success getPetStep=success purchasePetStep=success confirmPetPurchaseStep=success]")
	s.outputs(r, `{"orderId":41}`)
	routes["GET /pet/findByStatus"] = []reply{{body: `[]`}}
	r = s.example("pet-purchase.arazzo.yaml", "", inputs)
	s.ended(r, "loginUserAndBuyPet=success[loginStep=success getPetStep=success]")
}
