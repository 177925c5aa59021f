package membersv1

import (
	"fmt"
	"strings"
)

// The roles, one bit each. Bits are of the wire and never change their meaning.
const (
	RoleCoreEnterprise = 1 << iota
	RoleSupplier
	RoleFinancier
	RoleBank
	RoleGuarantor
	RoleWarehouse
	RoleInspector
	RoleArbitrator
	RoleAuthority
	RoleRegulator
	RolePriceSource
	RoleOperator
)

// Roles that stand together: every role there is, all that may sign what changes state, and those that admit suppliers.
const (
	AllRoles    = RoleOperator<<1 - 1
	Trading     = AllRoles &^ RoleRegulator
	Sponsorship = RoleCoreEnterprise | RoleBank
)

// roleNames is in order of bit.
var roleNames = [...]string{
	"core_enterprise", "supplier", "financier", "bank", "guarantor", "warehouse", "inspector", "arbitrator",
	"authority", "regulator", "price_source", "operator",
}

// RoleNames lists the names of the roles in order of bit; unknown bits are left out.
func RoleNames(roles uint32) []string {
	var out []string
	for bit, name := range roleNames {
		if roles&(1<<bit) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// RolesString writes roles as ParseRoles reads them: core_enterprise,bank.
func RolesString(roles uint32) string { return strings.Join(RoleNames(roles), ",") }

// ParseRole reads one role's name.
func ParseRole(name string) (uint32, error) {
	for bit, n := range roleNames {
		if n == name {
			return 1 << bit, nil
		}
	}
	return 0, fmt.Errorf("%.40q is no role: use one of %s", name, strings.Join(roleNames[:], ", "))
}

// ParseRoles reads names with commas between them.
func ParseRoles(s string) (uint32, error) {
	var out uint32
	for name := range strings.SplitSeq(s, ",") {
		r, err := ParseRole(strings.TrimSpace(name))
		if err != nil {
			return 0, err
		}
		out |= r
	}
	return out, nil
}
