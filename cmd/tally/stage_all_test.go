package main

import "testing"

// One network serves all of these, in this order: the last ones move its clock.
func TestOnOneNetwork(t *testing.T) {
	g := newStage(t)
	t.Run("proposals make the calls that are typed", g.testProposals)
	t.Run("proposals from files", g.testProposalFiles)
	t.Run("votes", g.testVotes)
	t.Run("two of three", g.testTwoOfThree)
	t.Run("merging", g.testMerging)
	t.Run("freezes", g.testFreezes)
	t.Run("drafts", g.testDrafts)
	t.Run("tables with faults", g.testTableFaults)
	t.Run("hostile texts", g.testHostileTexts)
	t.Run("statements", g.testStatements)
	t.Run("watching", g.testWatching)
	t.Run("settlement", g.testSettlement)
	t.Run("recovery", g.testRecovery)
	t.Run("every answer's fields", g.testFields)
	t.Run("votes come too late", g.testLateVotes)
}
