package main

import (
	"regexp"
	"sort"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	rbacv3 "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	authzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"istio.io/istio/pkg/wellknown"
)

// AuthorizationAnswer lists the policies in effect, as "namespace/name", by what they do.
type AuthorizationAnswer struct {
	Allow  []string `json:"allow"`
	Deny   []string `json:"deny"`
	Audit  []string `json:"audit"`
	Custom []string `json:"custom"`
	DryRun []string `json:"dryRun"`
	// AllowsNothing lists the ALLOW policies without rules.
	AllowsNothing []string `json:"allowsNothing"`
	// AllowsAll lists the ALLOW policies with a rule that restricts nothing at all.
	AllowsAll []string `json:"allowsAll"`
	// DeniesByDefault tells whether what no policy allows is denied.
	DeniesByDefault bool `json:"deniesByDefault"`
}

// blackholePort is that of the listener itself, whose chain refuses loops.
const blackholePort = 15006

// acceptedOn tells which connections a port takes: STRICT, PERMISSIVE or DISABLE.
func acceptedOn(chains []*listenerv3.FilterChain, port uint32) string {
	var own, others []*listenerv3.FilterChain
	for _, chain := range chains {
		switch destination := chain.GetFilterChainMatch().GetDestinationPort(); {
		case destination == nil:
			others = append(others, chain)
		case destination.Value == port && port != blackholePort:
			own = append(own, chain)
		}
	}
	if len(own) == 0 {
		own = others
	}
	takesPlain, takesTLS := false, false
	for _, chain := range own {
		if chain.TransportSocket == nil {
			takesPlain = true
		} else {
			takesTLS = true
		}
	}
	switch {
	case takesPlain && takesTLS:
		return "PERMISSIVE"
	case takesTLS:
		return "STRICT"
	default:
		return "DISABLE"
	}
}

func managersOf(chains []*listenerv3.FilterChain) []*hcmv3.HttpConnectionManager {
	var managers []*hcmv3.HttpConnectionManager
	for _, chain := range chains {
		for _, filter := range chain.Filters {
			manager := &hcmv3.HttpConnectionManager{}
			if filter.Name == wellknown.HTTPConnectionManager && filter.GetTypedConfig().UnmarshalTo(manager) == nil {
				managers = append(managers, manager)
			}
		}
	}
	return managers
}

// authorizationOfChains reads the first HTTP chain; all of a proxy's have the same filters.
func authorizationOfChains(chains []*listenerv3.FilterChain) *AuthorizationAnswer {
	managers := managersOf(chains)
	if len(managers) == 0 {
		return nil
	}
	answer := &AuthorizationAnswer{
		Allow: []string{}, Deny: []string{}, Audit: []string{}, Custom: []string{}, DryRun: []string{},
		AllowsNothing: []string{}, AllowsAll: []string{},
	}
	for _, filter := range managers[0].HttpFilters {
		rbac := &authzv3.RBAC{}
		if filter.Name != wellknown.HTTPRoleBasedAccessControl || filter.GetTypedConfig().UnmarshalTo(rbac) != nil {
			continue
		}
		answer.add(rbac)
	}
	return answer
}

// The provider of a CUSTOM policy stands before, its failure to be found behind.
var policyName = regexp.MustCompile(`^(istio-ext-authz-.*)?ns\[(.*)\]-policy\[(.*)\]-rule\[\d+\]`)

func (answer *AuthorizationAnswer) add(rbac *authzv3.RBAC) {
	rules := rbac.GetRules()
	if rules != nil && rules.Action == rbacv3.RBAC_ALLOW {
		answer.DeniesByDefault = true
	}
	for name, policy := range rules.GetPolicies() {
		answer.file(rules.Action, name, policy)
	}
	for name := range rbac.GetShadowRules().GetPolicies() {
		parts := policyName.FindStringSubmatch(name)
		if parts == nil {
			continue
		}
		if parts[1] != "" {
			insert(&answer.Custom, parts[2]+"/"+parts[3])
		} else {
			insert(&answer.DryRun, parts[2]+"/"+parts[3])
		}
	}
}

func (answer *AuthorizationAnswer) file(action rbacv3.RBAC_Action, name string, policy *rbacv3.Policy) {
	parts := policyName.FindStringSubmatch(name)
	if parts == nil {
		return
	}
	who := parts[2] + "/" + parts[3]
	switch {
	case parts[1] != "":
		insert(&answer.Custom, who)
	case action == rbacv3.RBAC_ALLOW:
		insert(&answer.Allow, who)
		if matchesNothing(policy) {
			insert(&answer.AllowsNothing, who)
		}
		if matchesAll(policy) {
			insert(&answer.AllowsAll, who)
		}
	case action == rbacv3.RBAC_DENY:
		insert(&answer.Deny, who)
	default:
		insert(&answer.Audit, who)
	}
}

func insert(list *[]string, item string) {
	at := sort.SearchStrings(*list, item)
	if at < len(*list) && (*list)[at] == item {
		return
	}
	*list = append(*list, item)
	sort.Strings(*list)
}

func matchesNothing(policy *rbacv3.Policy) bool {
	return len(policy.Principals) == 1 && policy.Principals[0].GetNotId().GetAny()
}

func matchesAll(policy *rbacv3.Policy) bool {
	for _, permission := range policy.Permissions {
		if !isAnyPermission(permission) {
			return false
		}
	}
	for _, principal := range policy.Principals {
		if !isAnyPrincipal(principal) {
			return false
		}
	}
	return true
}

func isAnyPermission(permission *rbacv3.Permission) bool {
	rules := permission.GetAndRules().GetRules()
	return permission.GetAny() || (len(rules) == 1 && isAnyPermission(rules[0]))
}

func isAnyPrincipal(principal *rbacv3.Principal) bool {
	ids := principal.GetAndIds().GetIds()
	return principal.GetAny() || (len(ids) == 1 && isAnyPrincipal(ids[0]))
}
