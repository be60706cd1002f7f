package cohort

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"magn/internal/fault"
)

// field is a column that a table may have: its name in settings and messages,
// and the headers by which it is known, as headerKey gives them.
type field struct {
	name  string
	words string // separated by spaces
}

// The fields of both tables. docs/formats/tables.md lists them; a test holds the
// two against each other.
const (
	fieldPatient   = "patient"
	fieldClass     = "class"
	fieldAge       = "age"
	fieldSex       = "sex"
	fieldBirth     = "birth_date"
	fieldName      = "name"
	fieldLevel     = "level"
	fieldLesions   = "lesions"
	fieldDiameter  = "diameter"
	fieldTreated   = "treated"
	fieldScanner   = "scanner"
	fieldPathology = "pathology"
	fieldQuality   = "quality"
	fieldPreop     = "preoperative"
	fieldLesion    = "lesion"
	fieldReader    = "reader"
	fieldRead      = "read"
	fieldAided     = "aided"
	fieldYears     = "years"
)

const patientWords = "patient patientid pid patientno patientnumber patientcode mrn medicalrecordnumber medicalrecordno hospitalid hospitalnumber hospitalno " +
	"subject subjectid id 患者编号 患者id 患者号 患者序号 患者标识 病人编号 病人id 病人号 住院号 住院编号 病案号 病历号 登记号 影像号 编号 " +
	"patientenid patientennummer patientennr pat patid patnr"

var clinicalFields = []field{
	{fieldPatient, patientWords},
	{fieldClass, "class diagnosis finaldiagnosis histology histologicaldiagnosis pathologicaldiagnosis tumortype tumourtype disease " +
		"诊断 最终诊断 病理诊断 病理结果 病理类型 类别 分类 肿瘤类型 疾病 diagnose hauptdiagnose entität tumorart tumorentität"},
	{fieldAge, "age ageatdiagnosis ageatmri ageatscan patientage patientsage 年龄 患者年龄 alter patientenalter alterbeimrt"},
	{fieldSex, "sex gender patientsex patientssex 性别 患者性别 geschlecht"},
	{fieldBirth, "birthdate dateofbirth dob birthday patientbirthdate patientsbirthdate 出生日期 出生年月日 出生年月 生日 geburtsdatum gebdatum geburtstag"},
	{fieldName, "name patientname patientsname fullname 姓名 患者姓名 病人姓名 名字 patientenname"},
	{fieldLevel, "level levels spinallevel vertebrallevel vertebra segment 节段 病变节段 累及节段 椎体 病变部位 部位 wirbelkörper wirbel lokalisation"},
	{fieldLesions, "lesions numberoflesions nooflesions lesionnumber lesioncount nlesions numlesions 病灶数 病灶数量 病灶数目 病灶个数 病变数 病变数目 läsionen anzahlläsionen läsionszahl anzahlderläsionen"},
	{fieldDiameter, "diameter maxdiameter maximumdiameter maximaldiameter largestdiameter tumordiameter tumourdiameter lesiondiameter tumorsize tumoursize lesionsize " +
		"直径 最大径 最大直径 肿瘤直径 肿瘤最大径 病灶直径 病灶大小 肿瘤大小 durchmesser maximalerdurchmesser größterdurchmesser tumorgröße läsionsgröße"},
	{fieldTreated, "treated treatment priortreatment previoustreatment treatmentbefore treatedbefore pretreatment 治疗史 既往治疗 既往治疗史 术前治疗 放化疗史 vorbehandelt vorbehandlung vortherapie"},
	{fieldScanner, "scanner mriscanner mrscanner scannermodel 扫描仪 设备 设备型号 机型 磁共振机型 gerät mrtgerät"},
	{fieldPathology, "pathologyconfirmed pathologicallyconfirmed confirmed biopsyproven histologicallyconfirmed 病理证实 病理确诊 是否病理证实 histologischgesichert gesichert pathologischgesichert"},
	{fieldQuality, "quality imagequality imagesusable qualified 图像质量 影像质量 图像合格 bildqualität"},
	{fieldPreop, "preoperative preoperativemri preopmri 术前mri 术前磁共振 术前检查 präoperativ präoperativesmrt"},
}

var readerFields = []field{
	{fieldPatient, patientWords + " case caseid caseno 病例 病例号 病例编号"},
	{fieldLesion, "lesion lesionid lesionno lesionnumber 病灶 病灶编号 病灶号"},
	{fieldReader, "reader readerid radiologist rater observer 医生 医师 阅片者 阅片医生 阅片医师 读片者 观察者"},
	{fieldRead, "read reading answer score rating assessment diagnosis probability confidence class 判断 诊断 评分 结果 阅片结果 概率"},
	{fieldAided, "aided withhelp help assisted withai aiassisted aiaided aihelp 辅助 ai辅助 有无辅助 是否辅助"},
	{fieldYears, "years yearsofexperience experience experienceyears 年资 工作年限 从业年限 经验"},
}

// maxHeader bounds what can be the name of a column.
const maxHeader = 400

// headerKey is a header for comparing: NFKC, lower case, without what stands in
// brackets, without a unit at its end, letters and digits only.
func headerKey(h string) string {
	if len(h) > maxHeader {
		return ""
	}
	var b strings.Builder
	for _, r := range withoutUnit(h) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

var unitWords = map[string]string{
	"mm": "mm", "cm": "cm", "毫米": "mm", "厘米": "cm", "y": "years", "yr": "years", "yrs": "years", "year": "years", "years": "years", "岁": "years", "年": "years",
	"month": "months", "months": "months", "月": "months", "%": "%",
}

func withoutUnit(h string) string {
	name, _ := headerUnit(h)
	return name
}

// headerUnit parts a header such as "Diameter (cm)" or age_years into name and
// unit; "" where there is none. Brackets and what is in them are dropped.
func headerUnit(h string) (name, unit string) {
	h = strings.ToLower(norm.NFKC.String(h))
	if i := strings.IndexAny(h, "([{【"); i > 0 {
		in := strings.TrimFunc(h[i:], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("()[]{}【】.", r) })
		return h[:i], unitWords[in]
	}
	// Only after a separator: "age_years" but not "years".
	if i := strings.LastIndexAny(h, "_ /,"); i > 0 {
		if u := unitWords[strings.Trim(h[i+1:], " .")]; u != "" {
			return h[:i], u
		}
	}
	return h, ""
}

// has says whether a header is one of the field's.
func (f field) has(header string) bool {
	key := headerKey(header)
	return key != "" && (key == strings.ReplaceAll(f.name, "_", "") || strings.Contains(" "+f.words+" ", " "+key+" "))
}

// mapped is the header that the options name for a field.
func (o TableOptions) mapped(field string) (header string, ok bool) {
	header, ok = o.Columns[field]
	return trim(header), ok
}

// is says whether a header is the column of a field under the options.
func (o TableOptions) is(f field, header string) bool {
	if want, ok := o.mapped(f.name); ok {
		return want != "" && trim(header) == want
	}
	for _, used := range o.Columns { // a header that was given to a field is no other's
		if trim(used) == trim(header) {
			return false
		}
	}
	return f.has(header)
}

func knownColumns(names []string, fields []field, opt TableOptions) int {
	n := 0
	for _, f := range fields {
		for _, h := range names {
			if opt.is(f, h) {
				n++
				break
			}
		}
	}
	return n
}

func hasPatient(names []string, fields []field, opt TableOptions) bool {
	for _, h := range names {
		if opt.is(fields[0], h) {
			return true
		}
	}
	return false
}

// resolve finds the column of each field; the others are returned by number.
// A field with two columns is a problem that only the user can solve.
func (t *table) resolve(fields []field, required []string, opt TableOptions, ps *Problems) (at map[string]int, rest []int) {
	at = map[string]int{}
	taken := map[int]bool{}
	known := map[string]bool{}
	total := knownColumns(t.header, fields, opt)
	for _, f := range fields {
		known[f.name] = true
		if want, told := opt.mapped(f.name); told && want == "" {
			for i, h := range t.header { // known, and not wanted
				taken[i] = taken[i] || f.has(h)
			}
		}
		for i, h := range t.header {
			if h == "" || !opt.is(f, h) {
				continue
			}
			if j, ok := at[f.name]; ok {
				ps.add(&fault.Input{
					File: t.file, Field: "header", Found: fmt.Sprintf("%q and %q, which may both be the column %s", t.header[j], h, f.name),
					Expected: "one", Do: fmt.Sprintf("say which under columns, as in %s: %q", f.name, h),
				})
				break
			}
			at[f.name], taken[i] = i, true
		}
		want, told := opt.mapped(f.name)
		if _, ok := at[f.name]; !ok && told && want != "" {
			ps.add(&fault.Input{File: t.file, Field: "columns." + f.name, Found: fmt.Sprintf("no column %q", want), Expected: t.headerList(total)})
			at[f.name] = -1 // said
		}
	}
	for _, name := range required {
		if _, ok := at[name]; !ok {
			ps.add(&fault.Input{
				File: t.file, Field: "header", Found: "no column " + name, Expected: t.headerList(total),
				Do: "see docs/formats/tables.md for the names that are known, or name the column under columns",
			})
		}
	}
	for name := range opt.Columns {
		if !known[name] {
			ps.add(&fault.Input{File: t.file, Field: "columns." + name, Found: strconv.Quote(name), Expected: "one of " + fieldList(fields)})
		}
	}
	for i, h := range t.header {
		if h != "" && !taken[i] {
			rest = append(rest, i)
		}
	}
	return at, rest
}

// headerList names the columns that are there. A first row without any known
// name may be a patient, so it is not shown.
func (t *table) headerList(known int) string {
	if known == 0 {
		return "a first row with the names of the columns"
	}
	names := append([]string(nil), t.header...)
	if len(names) > 40 {
		names = append(names[:40], "…")
	}
	return "one of " + strings.Join(names, ", ")
}

func fieldList(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}
