package lang

// areas are the parts of the catalogue, each in a file of its own; no sentence stands in two.
var areas = []map[string]string{
	chineseCodes, chineseErrors, chineseWords, chinesePreviews, chineseWallet, chineseScreens, chineseDesks, chineseHelp, chineseTopics,
}

// find is the Chinese of an English sentence.
func find(english string) (string, bool) {
	for _, area := range areas {
		if said, ok := area[english]; ok {
			return said, true
		}
	}
	return "", false
}
