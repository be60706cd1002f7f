package phantom

// maker is whose scanner an exam was done on.
type maker uint8

const (
	siemens maker = iota
	ge
	philips
	makers // how many
)

// manner is how a maker's scanners fill headers in.
type manner struct {
	manufacturer, model, software, station string
	tesla                                  float64
	scale                                  float64 // units a unit of signal
	bits                                   int     // stored
	signed                                 bool
	digits                                 int  // of numbers as text
	numbers                                int  // series are numbered 1, 2, … times this
	decimals                               bool // digits counts decimals
	upwards                                bool // instance numbers run against the slice direction
	agents                                 []string
	protocol                               [10]sequence // by kind
	planes                                 [3]string    // by view
}

// most is the largest number that a maker's pixels hold.
func (m *manner) most() float32 {
	if m.signed {
		return float32(int(1)<<(m.bits-1) - 1)
	}
	return float32(int(1)<<m.bits - 1)
}

// sequence is the parameters of a kind of series; times in ms.
type sequence struct {
	name       string   // description; %s is the plane
	sequence   string   // Sequence Name
	scanning   []string // Scanning Sequence
	variant    []string
	options    []string
	imageType  []string
	tr, te, ti float64
	flip       float64
	train      int
	bandwidth  float64
	averages   float64
}

var (
	spin      = []string{"SE"}
	echo      = []string{"GR"}
	inversion = []string{"SE", "IR"}
)

func kindOf(values ...string) []string { return values }

var manners = [makers]manner{
	siemens: {
		manufacturer: "SIEMENS", model: "Avanto", software: "syngo MR B17", station: "MRC25143", tesla: 1.494, scale: .9, bits: 12, digits: 12, numbers: 1,
		agents: []string{"Dotarem", "Gadovist", "Magnevist"}, planes: [3]string{"sag", "cor", "tra"},
		protocol: [10]sequence{
			localizer:    {name: "localizer", sequence: "*fl2d1", scanning: echo, variant: kindOf("SP", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"), tr: 7.8, te: 3.69, flip: 20, train: 1, bandwidth: 320, averages: 2},
			t2Image:      {name: "t2_tse_%s", sequence: "*tse2d1_15", scanning: spin, variant: kindOf("SK", "SP", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"), tr: 3600, te: 104, flip: 150, train: 15, bandwidth: 190, averages: 2},
			stir:         {name: "t2_tirm_%s", sequence: "*tir2d1_11", scanning: inversion, variant: kindOf("SK", "SP", "MP", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"), tr: 4320, te: 61, ti: 160, flip: 150, train: 11, bandwidth: 180, averages: 2},
			before:       {name: "t1_tse_%s", sequence: "*tse2d1_3", scanning: spin, variant: kindOf("SK", "SP", "OSP"), options: kindOf("SAT1"), imageType: kindOf("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"), tr: 571, te: 11, flip: 150, train: 3, bandwidth: 250, averages: 2},
			after:        {name: "t1_tse_%s_KM", sequence: "*tse2d1_3", scanning: spin, variant: kindOf("SK", "SP", "OSP"), options: kindOf("SAT1"), imageType: kindOf("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"), tr: 571, te: 11, flip: 150, train: 3, bandwidth: 250, averages: 2},
			subtracted:   {name: "t1_tse_%s_KM_SUB", sequence: "*tse2d1_3", scanning: spin, variant: kindOf("SK", "SP", "OSP"), imageType: kindOf("DERIVED", "PRIMARY", "M", "NORM", "DIS2D", "SUB"), tr: 571, te: 11, flip: 150, train: 3, bandwidth: 250, averages: 2},
			dixonWater:   {name: "t1_tse_dixon_%s_KM_W", sequence: "*tse2d2_3", scanning: spin, variant: kindOf("SK", "SP", "OSP"), imageType: kindOf("DERIVED", "PRIMARY", "M", "NORM", "DIS2D", "WATER"), tr: 620, te: 12, flip: 150, train: 3, bandwidth: 310, averages: 1},
			dixonIn:      {name: "t1_tse_dixon_%s_KM_in", sequence: "*tse2d2_3", scanning: spin, variant: kindOf("SK", "SP", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D", "IN_PHASE"), tr: 620, te: 12, flip: 150, train: 3, bandwidth: 310, averages: 1},
			dixonOpposed: {name: "t1_tse_dixon_%s_KM_opp", sequence: "*tse2d2_3", scanning: spin, variant: kindOf("SK", "SP", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D", "OPP_PHASE"), tr: 620, te: 12, flip: 150, train: 3, bandwidth: 310, averages: 1},
			dixonFat:     {name: "t1_tse_dixon_%s_KM_F", sequence: "*tse2d2_3", scanning: spin, variant: kindOf("SK", "SP", "OSP"), imageType: kindOf("DERIVED", "PRIMARY", "M", "NORM", "DIS2D", "FAT"), tr: 620, te: 12, flip: 150, train: 3, bandwidth: 310, averages: 1},
		},
	},
	ge: {
		manufacturer: "GE MEDICAL SYSTEMS", model: "Signa HDxt", software: "15\\LX\\MR Software release:15.0_M4_0910.a", station: "GEHDXT01", tesla: 1.5, scale: 2.1, bits: 16, signed: true, digits: 6, decimals: true, numbers: 1, upwards: true,
		agents: []string{"Multihance", "Omniscan", "Gadavist"}, planes: [3]string{"SAG", "COR", "AX"},
		protocol: [10]sequence{
			localizer:    {name: "3-PLANE LOC", scanning: echo, variant: kindOf("SP"), options: kindOf("FAST_GEMS", "SEQ_GEMS"), imageType: kindOf("ORIGINAL", "PRIMARY", "OTHER"), tr: 5.4, te: 1.6, flip: 30, train: 1, bandwidth: 244, averages: 1},
			t2Image:      {name: "%s T2 FRFSE", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "TRF_GEMS", "FILTERED_GEMS"), imageType: kindOf("ORIGINAL", "PRIMARY", "OTHER"), tr: 3240, te: 102.5, flip: 90, train: 20, bandwidth: 162.8, averages: 4},
			stir:         {name: "%s STIR", scanning: inversion, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "FILTERED_GEMS"), imageType: kindOf("ORIGINAL", "PRIMARY", "OTHER"), tr: 4100, te: 45.2, ti: 150, flip: 90, train: 12, bandwidth: 162.8, averages: 2},
			before:       {name: "%s T1 FSE", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "SAT_GEMS", "FILTERED_GEMS"), imageType: kindOf("ORIGINAL", "PRIMARY", "OTHER"), tr: 600, te: 10.2, flip: 90, train: 3, bandwidth: 195.3, averages: 2},
			after:        {name: "%s T1 FSE +C", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "SAT_GEMS", "FILTERED_GEMS"), imageType: kindOf("ORIGINAL", "PRIMARY", "OTHER"), tr: 600, te: 10.2, flip: 90, train: 3, bandwidth: 195.3, averages: 2},
			subtracted:   {name: "SUB %s T1 +C", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW"), imageType: kindOf("DERIVED", "SECONDARY", "OTHER"), tr: 600, te: 10.2, flip: 90, train: 3, bandwidth: 195.3, averages: 2},
			dixonWater:   {name: "WATER: %s T1 IDEAL +C", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "IDEAL_GEMS"), imageType: kindOf("DERIVED", "PRIMARY", "DIXON", "WATER"), tr: 640, te: 11.3, flip: 90, train: 3, bandwidth: 244, averages: 3},
			dixonIn:      {name: "INPHASE: %s T1 IDEAL +C", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "IDEAL_GEMS"), imageType: kindOf("DERIVED", "PRIMARY", "DIXON", "IN_PHASE"), tr: 640, te: 11.3, flip: 90, train: 3, bandwidth: 244, averages: 3},
			dixonOpposed: {name: "OUTPHASE: %s T1 IDEAL +C", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "IDEAL_GEMS"), imageType: kindOf("DERIVED", "PRIMARY", "DIXON", "OPP_PHASE"), tr: 640, te: 11.3, flip: 90, train: 3, bandwidth: 244, averages: 3},
			dixonFat:     {name: "FAT: %s T1 IDEAL +C", scanning: spin, variant: kindOf("SK"), options: kindOf("FAST_GEMS", "NPW", "IDEAL_GEMS"), imageType: kindOf("DERIVED", "PRIMARY", "DIXON", "FAT"), tr: 640, te: 11.3, flip: 90, train: 3, bandwidth: 244, averages: 3},
		},
	},
	philips: {
		manufacturer: "Philips Medical Systems", model: "Ingenia", software: "5.3.1\\5.3.1.0", station: "INGENIA3", tesla: 3, scale: 1.5, bits: 12, digits: 14, numbers: 100,
		agents: []string{"Gadovist", "Clariscan", "ProHance"}, planes: [3]string{"SAG", "COR", "TRA"},
		protocol: [10]sequence{
			localizer:    {name: "SURVEY", scanning: echo, variant: kindOf("OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"), tr: 11, te: 4.6, flip: 15, train: 1, bandwidth: 500, averages: 1},
			t2Image:      {name: "T2W_TSE_%s", scanning: spin, variant: kindOf("SK", "OSP"), options: kindOf("FC"), imageType: kindOf("ORIGINAL", "PRIMARY", "M_SE", "M", "SE"), tr: 3400, te: 100, flip: 90, train: 24, bandwidth: 290, averages: 2},
			stir:         {name: "STIR_%s", scanning: kindOf("IR"), variant: kindOf("SK", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M_IR", "M", "IR"), tr: 4500, te: 70, ti: 200, flip: 90, train: 14, bandwidth: 290, averages: 2},
			before:       {name: "T1W_TSE_%s", scanning: spin, variant: kindOf("SK", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M_SE", "M", "SE"), tr: 540, te: 8, flip: 90, train: 4, bandwidth: 340, averages: 2},
			after:        {name: "T1W_TSE_%s GD", scanning: spin, variant: kindOf("SK", "OSP"), imageType: kindOf("ORIGINAL", "PRIMARY", "M_SE", "M", "SE"), tr: 540, te: 8, flip: 90, train: 4, bandwidth: 340, averages: 2},
			subtracted:   {name: "sT1W_TSE_%s SUB", scanning: spin, variant: kindOf("SK", "OSP"), imageType: kindOf("DERIVED", "SECONDARY", "M_SE", "SUBTRACT", "SE"), tr: 540, te: 8, flip: 90, train: 4, bandwidth: 340, averages: 2},
			dixonWater:   {name: "W T1W_mDIXON_%s GD", scanning: spin, variant: kindOf("SK", "OSP"), imageType: kindOf("DERIVED", "PRIMARY", "W", "W", "DERIVED"), tr: 560, te: 8, flip: 90, train: 4, bandwidth: 480, averages: 1},
			dixonIn:      {name: "IP T1W_mDIXON_%s GD", scanning: spin, variant: kindOf("SK", "OSP"), imageType: kindOf("DERIVED", "PRIMARY", "IP", "IP", "DERIVED"), tr: 560, te: 8, flip: 90, train: 4, bandwidth: 480, averages: 1},
			dixonOpposed: {name: "OP T1W_mDIXON_%s GD", scanning: spin, variant: kindOf("SK", "OSP"), imageType: kindOf("DERIVED", "PRIMARY", "OP", "OP", "DERIVED"), tr: 560, te: 8, flip: 90, train: 4, bandwidth: 480, averages: 1},
			dixonFat:     {name: "F T1W_mDIXON_%s GD", scanning: spin, variant: kindOf("SK", "OSP"), imageType: kindOf("DERIVED", "PRIMARY", "F", "F", "DERIVED"), tr: 560, te: 8, flip: 90, train: 4, bandwidth: 480, averages: 1},
		},
	},
}
