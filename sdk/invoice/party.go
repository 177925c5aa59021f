package invoice

// sepaScheme marks the creditor's number at its bank, which stands where party identifiers stand but names a mandate
// and not a company [EN 16931 BT-90].
const sepaScheme = "SEPA"

const vat = "VAT"

func readParties(root *element, inv *Invoice) (err error) {
	if inv.Seller, err = readParty(root, "AccountingSupplierParty", "seller"); err != nil {
		return err
	}
	inv.Buyer, err = readParty(root, "AccountingCustomerParty", "buyer")
	return err
}

func readParty(root *element, role, who string) (Party, error) {
	e := root.at(role, "Party")
	if e == nil {
		return Party{}, missing(role, "the invoice has no "+who)
	}
	p := Party{Name: e.string("PartyLegalEntity", "RegistrationName")}
	if p.Name == "" {
		p.Name = e.string("PartyName", "Name")
	}
	if p.Name == "" {
		return p, missing(role+"/Party/PartyLegalEntity/RegistrationName", "the "+who+" has no name")
	}
	if Normalise(p.Name) == "" {
		return p, unfit(role+"/Party/PartyLegalEntity/RegistrationName", "Ask the seller to state the registered name.",
			"the %s's name %s has neither a letter nor a digit", who, quote(p.Name))
	}
	p.ID, p.IDScheme = registration(e)
	var err error
	p.TaxID, err = taxID(e, role)
	return p, err
}

// registration is the legal registration number, else the first identifier under a public scheme. An identifier
// without a scheme is passed over: it is a number in the other side's books (a customer number), and the next
// invoice to the same buyer may carry another.
func registration(party *element) (number, scheme string) {
	if e := party.at("PartyLegalEntity", "CompanyID"); e != nil && e.value != "" {
		return e.value, e.attr
	}
	for _, p := range party.all("PartyIdentification") {
		if e := p.at("ID"); e != nil && e.value != "" && e.attr != "" && e.attr != sepaScheme {
			return e.value, e.attr
		}
	}
	return "", ""
}

// taxID is the VAT number, else the first number under another tax. Two VAT numbers are refused: which one counted
// would decide the fingerprint.
func taxID(party *element, role string) (string, error) {
	var vatID, other string
	for _, s := range party.all("PartyTaxScheme") {
		number := s.string("CompanyID")
		switch {
		case s.string("TaxScheme", "ID") != vat:
			if other == "" {
				other = number
			}
		case vatID != "":
			return "", malformed(role+"/Party/PartyTaxScheme", resend, "it gives two VAT numbers, %s and %s", quote(vatID), quote(number))
		default:
			vatID = number
		}
	}
	if vatID == "" {
		return other, nil
	}
	return vatID, nil
}
