"""Files of CCLF as CMS would write them, for tests: fields by name to lines of fixed width, in zips or as they are.

The widths are those of version 38 of CMS's CCLF Information Packet, in the order of its tables, read from the writers
of github.com/jhurrell/cclf-random-data: another source than that of the reader's positions, and typed apart from them.
Its one slip, a field of file 5 padded to two characters of three (RNDRG_PRVDR_TYPE_CD), is mended here: else the record
would not be as long as CMS says.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_WIDTHS = {
    "1": """
        CUR_CLM_UNIQ_ID 13, PRVDR_OSCAR_NUM 6, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2, CLM_FROM_DT 10,
        CLM_THRU_DT 10, CLM_BILL_FAC_TYPE_CD 1, CLM_BILL_CLSFCTN_CD 1, PRNCPL_DGNS_CD 7, ADMTG_DGNS_CD 7,
        CLM_MDCR_NPMT_RSN_CD 2, CLM_PMT_AMT 17, CLM_NCH_PRMRY_PYR_CD 1, PRVDR_FAC_FIPS_ST_CD 2, BENE_PTNT_STUS_CD 2,
        DGNS_DRG_CD 4, CLM_OP_SRVC_TYPE_CD 1, FAC_PRVDR_NPI_NUM 10, OPRTG_PRVDR_NPI_NUM 10, ATNDG_PRVDR_NPI_NUM 10,
        OTHR_PRVDR_NPI_NUM 10, CLM_ADJSMT_TYPE_CD 2, CLM_EFCTV_DT 10, CLM_IDR_LD_DT 10, BENE_EQTBL_BIC_HICN_NUM 11,
        CLM_ADMSN_TYPE_CD 2, CLM_ADMSN_SRC_CD 2, CLM_BILL_FREQ_CD 1, CLM_QUERY_CD 1, DGNS_PRCDR_ICD_IND 1,
        CLM_MDCR_INSTNL_TOT_CHRG_AMT 15, CLM_MDCR_IP_PPS_CPTL_IME_AMT 15, CLM_OPRTNL_IME_AMT 22,
        CLM_MDCR_IP_PPS_DSPRPRTNT_AMT 15, CLM_HIPPS_UNCOMPD_CARE_AMT 15, CLM_OPRTNL_DSPRPRTNT_AMT 22,
        CLM_BLG_PRVDR_OSCAR_NUM 20, CLM_BLG_PRVDR_NPI_NUM 10, CLM_OPRTG_PRVDR_NPI_NUM 10, CLM_ATNDG_PRVDR_NPI_NUM 10,
        CLM_OTHR_PRVDR_NPI_NUM 10, CLM_CNTL_NUM 40, CLM_ORG_CNTL_NUM 40, CLM_CNTRCTR_NUM 5
    """,
    "2": """
        CUR_CLM_UNIQ_ID 13, CLM_LINE_NUM 10, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2, CLM_LINE_FROM_DT 10,
        CLM_LINE_THRU_DT 10, CLM_LINE_PROD_REV_CTR_CD 4, CLM_LINE_INSTNL_REV_CTR_DT 10, CLM_LINE_HCPCS_CD 5,
        BENE_EQTBL_BIC_HICN_NUM 11, PRVDR_OSCAR_NUM 6, CLM_FROM_DT 10, CLM_THRU_DT 10, CLM_LINE_SRVC_UNIT_QTY 24,
        CLM_LINE_CVRD_PD_AMT 17, HCPCS_1_MDFR_CD 2, HCPCS_2_MDFR_CD 2, HCPCS_3_MDFR_CD 2, HCPCS_4_MDFR_CD 2,
        HCPCS_5_MDFR_CD 2, CLM_REV_APC_HIPPS_CD 5, CLM_FAC_PRVDR_OSCAR_NUM 20
    """,
    "3": """
        CUR_CLM_UNIQ_ID 13, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2, CLM_VAL_SQNC_NUM 2, CLM_PRCDR_CD 7,
        CLM_PRCDR_PRFRM_DT 10, BENE_EQTBL_BIC_HICN_NUM 11, PRVDR_OSCAR_NUM 6, CLM_FROM_DT 10, CLM_THRU_DT 10,
        DGNS_PRCDR_ICD_IND 1, CLM_BLG_PRVDR_OSCAR_NUM 20
    """,
    "4": """
        CUR_CLM_UNIQ_ID 13, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2, CLM_PROD_TYPE_CD 1, CLM_VAL_SQNC_NUM 2,
        CLM_DGNS_CD 7, BENE_EQTBL_BIC_HICN_NUM 11, PRVDR_OSCAR_NUM 6, CLM_FROM_DT 10, CLM_THRU_DT 10, CLM_POA_IND 7,
        DGNS_PRCDR_ICD_IND 1, CLM_BLG_PRVDR_OSCAR_NUM 20
    """,
    "5": """
        CUR_CLM_UNIQ_ID 13, CLM_LINE_NUM 10, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2, CLM_FROM_DT 10,
        CLM_THRU_DT 10, RNDRG_PRVDR_TYPE_CD 3, RNDRG_PRVDR_FIPS_ST_CD 2, CLM_PRVDR_SPCLTY_CD 2,
        CLM_FED_TYPE_SRVC_CD 1, CLM_POS_CD 2, CLM_LINE_FROM_DT 10, CLM_LINE_THRU_DT 10, CLM_LINE_HCPCS_CD 5,
        CLM_LINE_CVRD_PD_AMT 15, CLM_LINE_PRMRY_PYR_CD 1, CLM_LINE_DGNS_CD 7, CLM_RNDRG_PRVDR_TAX_NUM 10,
        RNDRG_PRVDR_NPI_NUM 10, CLM_CARR_PMT_DNL_CD 2, CLM_PRCSG_IND_CD 2, CLM_ADJSMT_TYPE_CD 2, CLM_EFCTV_DT 10,
        CLM_IDR_LD_DT 10, CLM_CNTL_NUM 40, BENE_EQTBL_BIC_HICN_NUM 11, CLM_LINE_ALOWD_CHRG_AMT 17,
        CLM_LINE_SRVC_UNIT_QTY 24, HCPCS_1_MDFR_CD 2, HCPCS_2_MDFR_CD 2, HCPCS_3_MDFR_CD 2, HCPCS_4_MDFR_CD 2,
        HCPCS_5_MDFR_CD 2, CLM_DISP_CD 2, CLM_DGNS_1_CD 7, CLM_DGNS_2_CD 7, CLM_DGNS_3_CD 7, CLM_DGNS_4_CD 7,
        CLM_DGNS_5_CD 7, CLM_DGNS_6_CD 7, CLM_DGNS_7_CD 7, CLM_DGNS_8_CD 7, DGNS_PRCDR_ICD_IND 1, CLM_DGNS_9_CD 7,
        CLM_DGNS_10_CD 7, CLM_DGNS_11_CD 7, CLM_DGNS_12_CD 7, HCPCS_BETOS_CD 3, CLM_RNDRG_PRVDR_NPI_NUM 10,
        CLM_RFRG_PRVDR_NPI_NUM 10, CLM_CNTRCTR_NUM 5
    """,
    "6": """
        CUR_CLM_UNIQ_ID 13, CLM_LINE_NUM 10, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2, CLM_FROM_DT 10,
        CLM_THRU_DT 10, CLM_FED_TYPE_SRVC_CD 1, CLM_POS_CD 2, CLM_LINE_FROM_DT 10, CLM_LINE_THRU_DT 10,
        CLM_LINE_HCPCS_CD 5, CLM_LINE_CVRD_PD_AMT 15, CLM_PRMRY_PYR_CD 1, PAYTO_PRVDR_NPI_NUM 10,
        ORDRG_PRVDR_NPI_NUM 10, CLM_CARR_PMT_DNL_CD 2, CLM_PRCSG_IND_CD 2, CLM_ADJSMT_TYPE_CD 2, CLM_EFCTV_DT 10,
        CLM_IDR_LD_DT 10, CLM_CNTL_NUM 40, BENE_EQTBL_BIC_HICN_NUM 11, CLM_LINE_ALOWD_CHRG_AMT 17, CLM_DISP_CD 2,
        CLM_BLG_PRVDR_NPI_NUM 10, CLM_RFRG_PRVDR_NPI_NUM 10
    """,
    "7": """
        CUR_CLM_UNIQ_ID 13, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_LINE_NDC_CD 11, CLM_TYPE_CD 2, CLM_LINE_FROM_DT 10,
        PRVDR_SRVC_ID_QLFYR_CD 2, CLM_SRVC_PRVDR_GNRC_ID_NUM 20, CLM_DSPNSNG_STUS_CD 1, CLM_DAW_PROD_SLCTN_CD 1,
        CLM_LINE_SRVC_UNIT_QTY 24, CLM_LINE_DAYS_SUPLY_QTY 9, PRVDR_PRSBNG_ID_QLFYR_CD 2,
        CLM_PRSBNG_PRVDR_GNRC_ID_NUM 20, CLM_LINE_BENE_PMT_AMT 13, CLM_ADJSMT_TYPE_CD 2, CLM_EFCTV_DT 10,
        CLM_IDR_LD_DT 10, CLM_LINE_RX_SRVC_RFRNC_NUM 12, CLM_LINE_RX_FILL_NUM 9, CLM_PHRMCY_SRVC_TYPE_CD 2
    """,
    "A": """
        CUR_CLM_UNIQ_ID 13, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2, CLM_ACTV_CARE_FROM_DT 10,
        CLM_NGACO_PBPMT_SW 1, CLM_NGACO_PDSCHRG_HCBS_SW 1, CLM_NGACO_SNF_WVR_SW 1, CLM_NGACO_TLHLTH_SW 1,
        CLM_NGACO_CPTATN_SW 1, CLM_DEMO_1ST_NUM 2, CLM_DEMO_2ND_NUM 2, CLM_DEMO_3RD_NUM 2, CLM_DEMO_4TH_NUM 2,
        CLM_DEMO_5TH_NUM 2, CLM_PBP_INCLSN_AMT 19, CLM_PBP_RDCTN_AMT 19, CLM_NGACO_CMG_WVR_SW 1,
        CLM_INSTNL_PER_DIEM_AMT 19, CLM_MDCR_IP_BENE_DDCTBL_AMT 15, CLM_MDCR_COINSRNC_AMT 19, CLM_BLOOD_LBLTY_AMT 15,
        CLM_INSTNL_PRFNL_AMT 15, CLM_NCVRD_CHRG_AMT 19, CLM_MDCR_DDCTBL_AMT 19, CLM_RLT_COND_CD 2,
        CLM_OPRTNL_OUTLR_AMT 19, CLM_MDCR_NEW_TECH_AMT 19, CLM_ISLET_ISOLN_AMT 19, CLM_SQSTRTN_RDCTN_AMT 19,
        CLM_1_REV_CNTR_ANSI_RSN_CD 3, CLM_1_REV_CNTR_ANSI_GRP_CD 2, CLM_MIPS_PMT_AMT 19
    """,
    "B": """
        CUR_CLM_UNIQ_ID 13, CLM_LINE_NUM 10, BENE_MBI_ID 11, BENE_HIC_NUM 11, CLM_TYPE_CD 2,
        CLM_LINE_NGACO_PBPMT_SW 1, CLM_LINE_NGACO_PDSCHRG_HCBS_SW 1, CLM_LINE_NGACO_SNF_WVR_SW 1,
        CLM_LINE_NGACO_TLHLTH_SW 1, CLM_LINE_NGACO_CPTATN_SW 1, CLM_DEMO_1ST_NUM 2, CLM_DEMO_2ND_NUM 2,
        CLM_DEMO_3RD_NUM 2, CLM_DEMO_4TH_NUM 2, CLM_DEMO_5TH_NUM 2, CLM_PBP_INCLSN_AMT 15, CLM_PBP_RDCTN_AMT 15,
        CLM_NGACO_CMG_WVR_SW 1, CLM_MDCR_DDCTBL_AMT 19, CLM_SQSTRTN_RDCTN_AMT 15, CLM_LINE_CARR_HPSA_SCRCTY_CD 1
    """,
    "8": """
        BENE_MBI_ID 11, BENE_HIC_NUM 11, BENE_FIPS_STATE_CD 2, BENE_FIPS_CNTY_CD 3, BENE_ZIP_CD 5, BENE_DOB 10,
        BENE_SEX_CD 1, BENE_RACE_CD 1, BENE_AGE 3, BENE_MDCR_STUS_CD 2, BENE_DUAL_STUS_CD 2, BENE_DEATH_DT 10,
        BENE_RNG_BGN_DT 10, BENE_RNG_END_DT 10, BENE_1ST_NAME 30, BENE_MIDL_NAME 15, BENE_LAST_NAME 40,
        BENE_ORGNL_ENTLMT_RSN_CD 1, BENE_ENTLMT_BUYIN_IND 1, BENE_PART_A_ENRLMT_BGN_DT 10,
        BENE_PART_B_ENRLMT_BGN_DT 10, BENE_LINE_1_ADR 45, BENE_LINE_2_ADR 45, BENE_LINE_3_ADR 40, BENE_LINE_4_ADR 40,
        BENE_LINE_5_ADR 40, BENE_LINE_6_ADR 40, GEO_ZIP_PLC_NAME 100, GEO_USPS_STATE_CD 2, GEO_ZIP5_CD 5,
        GEO_ZIP4_CD 4
    """,
    "9": """
        HICN_MBI_XREF_IND 1, CRNT_NUM 11, PRVS_NUM 11, PRVS_ID_EFCTV_DT 10, PRVS_ID_OBSLT_DT 10, BENE_RRB_NUM 12
    """,
}


def _parsed(table: str) -> tuple[tuple[str, int], ...]:
    pairs = (entry.split() for entry in table.split(","))
    return tuple((name, int(width)) for name, width in pairs)


WIDTHS = {kind: _parsed(table) for kind, table in _WIDTHS.items()}
MBI, OTHER, OLD = "1EG4TE5MK73", "1EG4TE5MK74", "1EG4TE5MK72"
Fields = Mapping[str, str]

# a person, a stay in hospital with what stands under its bill, a visit, a walking aid and a fill
STAY = {"BENE_MBI_ID": MBI, "CUR_CLM_UNIQ_ID": "100"}
USUAL: dict[str, Fields] = {
    "1": {
        **STAY,
        "PRVDR_OSCAR_NUM": "010001",
        "CLM_TYPE_CD": "60",
        "CLM_FROM_DT": "2024-03-01",
        "CLM_THRU_DT": "2024-03-05",
        "CLM_BILL_FAC_TYPE_CD": "1",
        "CLM_BILL_CLSFCTN_CD": "1",
        "CLM_BILL_FREQ_CD": "1",
        "PRNCPL_DGNS_CD": "I5023",
        "ADMTG_DGNS_CD": "R0602",
        "CLM_PMT_AMT": "9000.50",
        "BENE_PTNT_STUS_CD": "01",
        "DGNS_DRG_CD": "0291",
        "FAC_PRVDR_NPI_NUM": "1234567893",
        "ATNDG_PRVDR_NPI_NUM": "1003000126",
        "CLM_ADJSMT_TYPE_CD": "0",
        "CLM_EFCTV_DT": "2024-03-20",
        "CLM_ADMSN_TYPE_CD": "1",
        "CLM_ADMSN_SRC_CD": "01",
        "DGNS_PRCDR_ICD_IND": "0",
    },
    "2": {
        **STAY,
        "CLM_LINE_NUM": "1",
        "CLM_LINE_FROM_DT": "2024-03-02",
        "CLM_LINE_THRU_DT": "2024-03-02",
        "CLM_LINE_PROD_REV_CTR_CD": "0450",
        "CLM_LINE_HCPCS_CD": "99285",
        "CLM_LINE_SRVC_UNIT_QTY": "1.0000",
        "CLM_LINE_CVRD_PD_AMT": "400.00",
    },
    "3": {**STAY, "CLM_PRCDR_CD": "0BH17EZ", "CLM_PRCDR_PRFRM_DT": "2024-03-02", "DGNS_PRCDR_ICD_IND": "0"},
    "4": {**STAY, "CLM_DGNS_CD": "N179", "CLM_POA_IND": "N", "DGNS_PRCDR_ICD_IND": "0"},
    "5": {
        "BENE_MBI_ID": MBI,
        "CUR_CLM_UNIQ_ID": "200",
        "CLM_LINE_NUM": "1",
        "CLM_CNTL_NUM": "C200",
        "CLM_FROM_DT": "2024-03-12",
        "CLM_THRU_DT": "2024-03-12",
        "CLM_LINE_FROM_DT": "2024-03-12",
        "CLM_LINE_THRU_DT": "2024-03-12",
        "CLM_POS_CD": "11",
        "CLM_LINE_HCPCS_CD": "99214",
        "CLM_LINE_CVRD_PD_AMT": "80.00",
        "CLM_LINE_ALOWD_CHRG_AMT": "100.00",
        "CLM_LINE_SRVC_UNIT_QTY": "1.0000",
        "RNDRG_PRVDR_NPI_NUM": "1003000126",
        "CLM_ADJSMT_TYPE_CD": "0",
        "CLM_EFCTV_DT": "2024-03-25",
        "CLM_DGNS_1_CD": "I5022",
        "CLM_DGNS_9_CD": "E119",
        "DGNS_PRCDR_ICD_IND": "0",
    },
    "6": {
        "BENE_MBI_ID": MBI,
        "CUR_CLM_UNIQ_ID": "300",
        "CLM_LINE_NUM": "1",
        "CLM_CNTL_NUM": "C300",
        "CLM_FROM_DT": "2024-03-13",
        "CLM_THRU_DT": "2024-03-13",
        "CLM_POS_CD": "12",
        "CLM_LINE_HCPCS_CD": "E0143",
        "CLM_LINE_CVRD_PD_AMT": "60.00",
        "PAYTO_PRVDR_NPI_NUM": "1003000134",
        "CLM_ADJSMT_TYPE_CD": "0",
        "CLM_EFCTV_DT": "2024-03-26",
    },
    "7": {
        "BENE_MBI_ID": MBI,
        "CUR_CLM_UNIQ_ID": "400",
        "CLM_LINE_NDC_CD": "00093005801",
        "CLM_LINE_FROM_DT": "2024-03-06",
        "PRVDR_SRVC_ID_QLFYR_CD": "01",
        "CLM_SRVC_PRVDR_GNRC_ID_NUM": "1003000142",
        "CLM_LINE_SRVC_UNIT_QTY": "30.0000",
        "CLM_LINE_DAYS_SUPLY_QTY": "30",
        "PRVDR_PRSBNG_ID_QLFYR_CD": "01",
        "CLM_PRSBNG_PRVDR_GNRC_ID_NUM": "1003000126",
        "CLM_ADJSMT_TYPE_CD": "0",
        "CLM_EFCTV_DT": "2024-03-08",
        "CLM_LINE_RX_SRVC_RFRNC_NUM": "77",
        "CLM_LINE_RX_FILL_NUM": "1",
    },
    "8": {
        "BENE_MBI_ID": MBI,
        "BENE_DOB": "1950-01-31",
        "BENE_SEX_CD": "2",
        "BENE_RACE_CD": "1",
        "BENE_DUAL_STUS_CD": "NA",
        "BENE_1ST_NAME": "Ann",
        "BENE_LAST_NAME": "Doe",
        "BENE_ORGNL_ENTLMT_RSN_CD": "0",
        "BENE_ENTLMT_BUYIN_IND": "3",
        "BENE_PART_A_ENRLMT_BGN_DT": "2015-02-01",
        "GEO_USPS_STATE_CD": "MD",
        "GEO_ZIP5_CD": "21117",
    },
    "9": {"HICN_MBI_XREF_IND": "M", "CRNT_NUM": MBI, "PRVS_NUM": OLD, "PRVS_ID_OBSLT_DT": "2024-01-01"},
    "A": {**STAY, "CLM_ACTV_CARE_FROM_DT": "2024-02-28", "CLM_NGACO_SNF_WVR_SW": "N"},
    "B": {"BENE_MBI_ID": MBI, "CUR_CLM_UNIQ_ID": "200", "CLM_LINE_NUM": "1"},
}


def line(kind: str, **fields: str) -> str:
    """A record with what is usual where a field is not given. Raises ValueError for a value that does not fit."""
    given = {**USUAL[kind], **fields}
    cells = []
    for name, width in WIDTHS[kind]:
        value = given.pop(name, "")
        if len(value) > width:
            raise ValueError(f"{name} is longer than {width}")
        cells.append(value.ljust(width))
    if given:
        raise ValueError(f"file {kind} has no {', '.join(given)}")
    return "".join(cells)


def statistics(**records: int) -> list[str]:
    """Lines of file 0 for files by name (CCLF1=2), as CMS's samples have them."""
    heads = "File Number  |File Description    |Total Records Count |Record Length"
    return [heads, *(f"{name}  |{'A file':<42}|{count:>11}|  100" for name, count in records.items())]


def name_of(kind: str, day: str = "240415", sender: str = "P.A1234.ACO", period: str = "Y24") -> str:
    """The name that CMS gives a file; of a zip where `kind` is empty."""
    return f"{sender}.ZC{kind}{period}.D{day}.T1200000"


def write(folder: Path, kind: str, lines: Sequence[str], day: str = "240415") -> Path:
    """A file of these lines under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name_of(kind, day)
    path.write_bytes("".join(f"{each}\n" for each in lines).encode("latin-1"))
    return path


def delivery(folder: Path, day: str = "240415") -> Path:
    """A whole delivery with one usual record of each file, and its statistics."""
    for kind in WIDTHS:
        write(folder, kind, [line(kind)], day)
    write(folder, "0", statistics(**{f"CCLF{kind}": 1 for kind in WIDTHS}), day)
    return folder


def zipped(folder: Path, target: Path, day: str = "240415") -> Path:
    """The files of a folder in one zip without an ending."""
    target.mkdir(parents=True, exist_ok=True)
    path = target / name_of("", day)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path
