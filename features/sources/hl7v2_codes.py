"""Codes of HL7 version 2 tables as data: what each becomes in the record.

Source: HL7 version 2.8.2, chapter 2C (code tables), in our own words; patient status and type of admission are NUBC's.
"""

from __future__ import annotations

from features.codes.systems import CVX, HCPCS, ICD9CM, ICD10CM, ICD10PCS, LOINC, NDC, SNOMED, RxNorm, System

# ---- which messages are read

ADT_EVENTS = ("A01", "A02", "A03", "A04", "A06", "A07", "A08", "A11", "A12", "A13")
MERGE = "A40"
RESULT_EVENTS = ("R01",)
ARRIVALS = ("A01", "A04", "A06")  # where no time of admission is given, that of the event is it
DISCHARGE, DISCHARGE_CANCELLED, UPDATE = "A03", "A13", "A08"
CLASS_AFTER = {"A06": "I", "A07": "O"}  # what the event itself says of the patient class, where PV1-2 is empty

# messages that are named when they are set aside; of any other nothing is repeated
MESSAGE_CODES = frozenset((
    "ACK", "ADR", "ADT", "BAR", "CRM", "CSU", "DFT", "DOC", "MCF", "MDM", "MFK", "MFN", "NMD", "OMB", "OMD", "OMG",
    "OMI", "OML", "OMN", "OMP", "OMS", "ORB", "ORD", "ORF", "ORG", "ORI", "ORL", "ORM", "ORN", "ORP", "ORR", "ORS",
    "ORU", "OSQ", "OSR", "OUL", "PEX", "PGL", "PIN", "PPG", "PPP", "PPR", "PPT", "PPV", "PRR", "PTR", "QBP", "QRY",
    "RAR", "RAS", "RCI", "RCL", "RDE", "RDR", "RDS", "REF", "RER", "RGR", "RGV", "ROR", "RPA", "RPI", "RPL", "RPR",
    "RQA", "RQI", "RQP", "RRA", "RRD", "RRE", "RRG", "RRI", "RSP", "SIU", "SPQ", "SQM", "SQR", "SRM", "SRR", "SUR",
    "UDM", "VXQ", "VXR", "VXU", "VXX",
))  # fmt: skip

# ---- coding systems (table 0396 and what senders write instead), capitals, without blanks, hyphens and underscores

SYSTEMS: dict[str, System] = {
    **dict.fromkeys(("LN", "LOINC", "2.16.840.1.113883.6.1"), LOINC),
    **dict.fromkeys(("SCT", "SNM", "SNOMEDCT", "SNOMED", "2.16.840.1.113883.6.96"), SNOMED),
    **dict.fromkeys(("I10", "I10C", "ICD10", "ICD10CM", "2.16.840.1.113883.6.90"), ICD10CM),
    **dict.fromkeys(("I9", "I9C", "I9CDX", "ICD9", "ICD9CM", "2.16.840.1.113883.6.103"), ICD9CM),
    **dict.fromkeys(("I10P", "ICD10PCS"), ICD10PCS),
    **dict.fromkeys(("C4", "C5", "CPT", "CPT4", "CPTM", "HCPCS", "HCPT", "HPC"), HCPCS),
    **dict.fromkeys(("RXNORM", "RXN"), RxNorm),
    **dict.fromkeys(("NDC",), NDC),
    **dict.fromkeys(("CVX",), CVX),
}
MEASURED, ORDERED = (LOINC, SNOMED, HCPCS), (LOINC, HCPCS, SNOMED, RxNorm, NDC, ICD10PCS)
ADMITTING = (ICD10CM, ICD9CM, SNOMED)
DIAGNOSIS_TYPES = ("A", "W")  # DG1-6: admitting before working; a final one is what the bill will tell

# ---- people

PATIENT_NUMBERS = ("MR", "PI", "PT")  # CX-5, in the order in which they are taken for the person
NOT_THE_PATIENT = ("AN", "VN", "SS", "DL", "PPN", "MC", "MA", "MB", "XX")  # taken only where there is nothing else
IDENTIFIERS = {  # CX-5 (table 0203); what is no MBI by its form, such as a number of before 2020, is none
    **dict.fromkeys(("MR", "PI", "PT"), "mrn"),
    "MB": "member",
    **dict.fromkeys(("MC", "MBI"), "mbi"),
    "SS": "ssn",
}
SEXES = {"F": "female", "M": "male"}
RACES = {
    "1002-5": "american indian or alaska native",
    "2028-9": "asian",
    "2054-5": "black or african american",
    "2076-8": "native hawaiian or other pacific islander",
    "2106-3": "white",
    "2131-1": "other",
}
ETHNICITIES = {
    "2135-2": "hispanic or latino",
    "2186-5": "not hispanic or latino",
    "H": "hispanic or latino",
    "N": "not hispanic or latino",
}
LANGUAGES = {  # ISO 639-2 to the shorter tag of BCP 47
    "ara": "ar", "ben": "bn", "chi": "zh", "zho": "zh", "eng": "en", "fre": "fr", "fra": "fr", "ger": "de", "deu": "de",
    "guj": "gu", "hat": "ht", "hin": "hi", "ita": "it", "jpn": "ja", "khm": "km", "kor": "ko", "per": "fa", "fas": "fa",
    "pol": "pl", "por": "pt", "rus": "ru", "som": "so", "spa": "es", "tgl": "tl", "ukr": "uk", "urd": "ur", "vie": "vi",
}  # fmt: skip
NATIONAL_PROVIDER = ("NPI", "2.16.840.1.113883.4.6")
NO_PHONE = ("INTERNET", "X.400", "NET", "FX", "BP", "BPN")

# ---- the visit

ADMIT_TYPES = {
    "A": "1",
    "E": "1",
    "U": "2",
    "C": "3",
    "R": "3",
    "N": "4",
}  # table 0007 to NUBC; digits stay as they are
# patient status: words and FHIR codes that hospitals send instead of NUBC's two digits
DISPOSITIONS = {
    **dict.fromkeys(("EXP", "EXPIRED", "DECEASED", "DIED", "DEATH", "DEAD"), "20"),
    **dict.fromkeys(("HOME", "HOM"), "01"),
    **dict.fromkeys(("SNF",), "03"),
    **dict.fromkeys(("HHS",), "06"),
    **dict.fromkeys(("AMA", "AADVICE"), "07"),
    **dict.fromkeys(("REHAB",), "62"),
    **dict.fromkeys(("LTAC", "LTCH"), "63"),
    **dict.fromkeys(("PSY", "PSYCH"), "65"),
}

# ---- results

NO_RESULT = ("D", "I", "N", "O", "U", "W", "X")  # OBX-11: deleted, pending, not asked, no value, posted wrongly, failed
RESULTED, ORDER_CANCELLED = ("F", "C"), ("X",)  # OBR-25
SECTIONS = {  # OBR-24, table 0074
    **dict.fromkeys(
        ("CT", "CUS", "IMG", "MR", "NMR", "NMS", "NUS", "OUS", "RAD", "RUS", "RX", "VUS", "XRC"), "imaging"
    ),
    **dict.fromkeys(("AU", "CTH", "EC", "EN", "NRS", "OT", "OTH", "PF", "PHY", "PT", "RC", "RT", "VR"), "service"),
    **dict.fromkeys(("PHR",), "medication"),
}
LABORATORY = "laboratory"  # every other section, and none

# ---- appointments

APPOINTMENT_STATES = {
    "S12": "booked",  # new
    "S13": "booked",  # another time
    "S14": "booked",  # changed
    "S15": "cancelled",
    "S17": "cancelled",  # deleted
    "S26": "missed",
}
KEPT = ("COMPLETE", "COMPLETED", "STARTED", "ARRIVED", "CHECKEDIN", "FULFILLED")  # SCH-25, letters only

CHARACTER_SETS = {
    "ASCII": "latin-1",
    "8859/1": "latin-1",
    "8859/2": "iso8859-2",
    "8859/5": "iso8859-5",
    "8859/7": "iso8859-7",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
}
