package sqs

import (
	"encoding/json"
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// defaults are the attributes of a queue where nothing was set: seconds, and bytes (1 MiB since August 2025).
var defaults = map[string]string{
	"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
	"ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30",
}

// ranges are what those may be.
var ranges = map[string][2]int64{
	"DelaySeconds": {0, 900}, "MaximumMessageSize": {1024, 1_048_576}, "MessageRetentionPeriod": {60, 1_209_600},
	"ReceiveMessageWaitTimeSeconds": {0, 20}, "VisibilityTimeout": {0, 43_200}, "KmsDataKeyReusePeriodSeconds": {60, 86_400},
}

// taken are further attributes that are kept and answered.
var taken = map[string]bool{"Policy": true, "RedrivePolicy": true, "RedriveAllowPolicy": true, "KmsMasterKeyId": true, "SqsManagedSseEnabled": true, "FifoQueue": true}

// given are the attributes that differ from saying nothing.
func given(all map[string]string) map[string]string {
	out := maps.Clone(all)
	if out == nil {
		return map[string]string{}
	}
	maps.DeleteFunc(out, func(k, v string) bool { return v == "" || k == "FifoQueue" })
	return out
}

func valueOf(attributes map[string]string, name string) string {
	if v, ok := attributes[name]; ok {
		return v
	}
	return defaults[name]
}

// number is an attribute that has a default.
func (q queue) number(name string) int64 {
	n, _ := strconv.ParseInt(valueOf(q.attributes, name), 10, 64) // checked when it was set
	return n
}

func checkAttributes(all map[string]string) error {
	for k, v := range all {
		wrong := func() error {
			return &types.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + k + ".")}
		}
		if limits, ok := ranges[k]; ok {
			if n, err := strconv.ParseInt(v, 10, 64); v != "" && (err != nil || n < limits[0] || n > limits[1]) {
				return wrong()
			}
			continue
		}
		switch {
		case !taken[k]:
			return &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + k + ".")}
		case k == "RedrivePolicy" && v != "":
			if _, ok := redriveOf(all); !ok {
				return wrong()
			}
		case (k == "Policy" || k == "RedriveAllowPolicy") && v != "" && !json.Valid([]byte(v)):
			return wrong()
		}
	}
	return nil
}

// redrive says where messages go that were received too often.
type redrive struct {
	target string // ARN of a queue
	most   int64
}

func redriveOf(attributes map[string]string) (r redrive, ok bool) {
	var p struct {
		DeadLetterTargetArn string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     json.RawMessage `json:"maxReceiveCount"` // a number, or a text of one
	}
	if json.Unmarshal([]byte(attributes["RedrivePolicy"]), &p) != nil {
		return r, false
	}
	text := string(p.MaxReceiveCount)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return redrive{p.DeadLetterTargetArn, n}, err == nil && n >= 1 && n <= 1000 && p.DeadLetterTargetArn != ""
}
