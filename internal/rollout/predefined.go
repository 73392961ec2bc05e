package rollout

import "strconv"

// PredefinedPrefix begins the names that AWS reserves.
const PredefinedPrefix = "CodeDeployDefault."

// DeploymentConfig is a named traffic configuration of the Lambda platform.
type DeploymentConfig struct {
	Name    string        `json:"name"`
	Traffic TrafficConfig `json:"traffic"`
}

// Predefined returns the configurations that every account has, in the order of AWS's guide.
func Predefined() []DeploymentConfig {
	var all []DeploymentConfig
	for _, m := range []int{5, 10, 15, 30} {
		all = append(all, DeploymentConfig{
			PredefinedPrefix + "LambdaCanary10Percent" + strconv.Itoa(m) + "Minutes",
			TrafficConfig{TimeBasedCanary, 10, m},
		})
	}
	for _, m := range []int{1, 2, 3, 10} {
		unit := "Minutes"
		if m == 1 {
			unit = "Minute"
		}
		all = append(all, DeploymentConfig{
			PredefinedPrefix + "LambdaLinear10PercentEvery" + strconv.Itoa(m) + unit,
			TrafficConfig{TimeBasedLinear, 10, m},
		})
	}
	return append(all, DeploymentConfig{PredefinedPrefix + "LambdaAllAtOnce", TrafficConfig{Type: AllAtOnce}})
}

// LookupPredefined finds a predefined configuration by its full name.
func LookupPredefined(name string) (DeploymentConfig, bool) {
	for _, c := range Predefined() {
		if c.Name == name {
			return c, true
		}
	}
	return DeploymentConfig{}, false
}
