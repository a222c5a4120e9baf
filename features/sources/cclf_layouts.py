"""The record layouts of CMS's Claim and Claim Line Feed (CCLF): where each field stands, counted from 1.

Source: CMS, CCLF Information Packet. Positions are those of version 36, read in the tables of
github.com/SudeepGhantasala/cclf_file_specs_as_csvs and compared with github.com/joewallace7/cclf_processing (files 1-9
of an earlier version, whose records end before the last fields); `tests/cclf.py` holds the widths of version 38, typed
from another source, and a test compares the two field by field. Versions before 36 wrote the same fields at the same
places in shorter records: a record may end after any field from the one named in SHORTEST on.

Positions that only one source gives: none. Where sources differ: in joewallace7 the line number of file 2 (13-23) and
the third address line of file 8 (278-318) overlap the fields before them, so they are misprints; the third source pads
RNDRG_PRVDR_TYPE_CD of file 5 to two characters where both others have three. The lengths of records that CMS's own
samples of file 0 tell (363 for file 5) agree with the positions here, but for file 9: 54, where its samples have 55.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A field by its name in the packet, from its first to its last character."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Record:
    """One file of the feed: its title in the packet, its fields in order, and how long a record may be."""

    title: str
    fields: tuple[Field, ...]
    lengths: frozenset[int]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names, in order."""
        return tuple(field.name for field in self.fields)


def _fields(table: str) -> tuple[Field, ...]:
    rows = (line.split() for line in table.strip().splitlines())
    return tuple(Field(name, int(start), int(end)) for name, start, end in rows)


_FIELDS: Mapping[str, str] = {
    "1": """
        CUR_CLM_UNIQ_ID 1 13
        PRVDR_OSCAR_NUM 14 19
        BENE_MBI_ID 20 30
        BENE_HIC_NUM 31 41
        CLM_TYPE_CD 42 43
        CLM_FROM_DT 44 53
        CLM_THRU_DT 54 63
        CLM_BILL_FAC_TYPE_CD 64 64
        CLM_BILL_CLSFCTN_CD 65 65
        PRNCPL_DGNS_CD 66 72
        ADMTG_DGNS_CD 73 79
        CLM_MDCR_NPMT_RSN_CD 80 81
        CLM_PMT_AMT 82 98
        CLM_NCH_PRMRY_PYR_CD 99 99
        PRVDR_FAC_FIPS_ST_CD 100 101
        BENE_PTNT_STUS_CD 102 103
        DGNS_DRG_CD 104 107
        CLM_OP_SRVC_TYPE_CD 108 108
        FAC_PRVDR_NPI_NUM 109 118
        OPRTG_PRVDR_NPI_NUM 119 128
        ATNDG_PRVDR_NPI_NUM 129 138
        OTHR_PRVDR_NPI_NUM 139 148
        CLM_ADJSMT_TYPE_CD 149 150
        CLM_EFCTV_DT 151 160
        CLM_IDR_LD_DT 161 170
        BENE_EQTBL_BIC_HICN_NUM 171 181
        CLM_ADMSN_TYPE_CD 182 183
        CLM_ADMSN_SRC_CD 184 185
        CLM_BILL_FREQ_CD 186 186
        CLM_QUERY_CD 187 187
        DGNS_PRCDR_ICD_IND 188 188
        CLM_MDCR_INSTNL_TOT_CHRG_AMT 189 203
        CLM_MDCR_IP_PPS_CPTL_IME_AMT 204 218
        CLM_OPRTNL_IME_AMT 219 240
        CLM_MDCR_IP_PPS_DSPRPRTNT_AMT 241 255
        CLM_HIPPS_UNCOMPD_CARE_AMT 256 270
        CLM_OPRTNL_DSPRPRTNT_AMT 271 292
        CLM_BLG_PRVDR_OSCAR_NUM 293 312
        CLM_BLG_PRVDR_NPI_NUM 313 322
        CLM_OPRTG_PRVDR_NPI_NUM 323 332
        CLM_ATNDG_PRVDR_NPI_NUM 333 342
        CLM_OTHR_PRVDR_NPI_NUM 343 352
        CLM_CNTL_NUM 353 392
        CLM_ORG_CNTL_NUM 393 432
        CLM_CNTRCTR_NUM 433 437
    """,
    "2": """
        CUR_CLM_UNIQ_ID 1 13
        CLM_LINE_NUM 14 23
        BENE_MBI_ID 24 34
        BENE_HIC_NUM 35 45
        CLM_TYPE_CD 46 47
        CLM_LINE_FROM_DT 48 57
        CLM_LINE_THRU_DT 58 67
        CLM_LINE_PROD_REV_CTR_CD 68 71
        CLM_LINE_INSTNL_REV_CTR_DT 72 81
        CLM_LINE_HCPCS_CD 82 86
        BENE_EQTBL_BIC_HICN_NUM 87 97
        PRVDR_OSCAR_NUM 98 103
        CLM_FROM_DT 104 113
        CLM_THRU_DT 114 123
        CLM_LINE_SRVC_UNIT_QTY 124 147
        CLM_LINE_CVRD_PD_AMT 148 164
        HCPCS_1_MDFR_CD 165 166
        HCPCS_2_MDFR_CD 167 168
        HCPCS_3_MDFR_CD 169 170
        HCPCS_4_MDFR_CD 171 172
        HCPCS_5_MDFR_CD 173 174
        CLM_REV_APC_HIPPS_CD 175 179
        CLM_FAC_PRVDR_OSCAR_NUM 180 199
    """,
    "3": """
        CUR_CLM_UNIQ_ID 1 13
        BENE_MBI_ID 14 24
        BENE_HIC_NUM 25 35
        CLM_TYPE_CD 36 37
        CLM_VAL_SQNC_NUM 38 39
        CLM_PRCDR_CD 40 46
        CLM_PRCDR_PRFRM_DT 47 56
        BENE_EQTBL_BIC_HICN_NUM 57 67
        PRVDR_OSCAR_NUM 68 73
        CLM_FROM_DT 74 83
        CLM_THRU_DT 84 93
        DGNS_PRCDR_ICD_IND 94 94
        CLM_BLG_PRVDR_OSCAR_NUM 95 114
    """,
    "4": """
        CUR_CLM_UNIQ_ID 1 13
        BENE_MBI_ID 14 24
        BENE_HIC_NUM 25 35
        CLM_TYPE_CD 36 37
        CLM_PROD_TYPE_CD 38 38
        CLM_VAL_SQNC_NUM 39 40
        CLM_DGNS_CD 41 47
        BENE_EQTBL_BIC_HICN_NUM 48 58
        PRVDR_OSCAR_NUM 59 64
        CLM_FROM_DT 65 74
        CLM_THRU_DT 75 84
        CLM_POA_IND 85 91
        DGNS_PRCDR_ICD_IND 92 92
        CLM_BLG_PRVDR_OSCAR_NUM 93 112
    """,
    "5": """
        CUR_CLM_UNIQ_ID 1 13
        CLM_LINE_NUM 14 23
        BENE_MBI_ID 24 34
        BENE_HIC_NUM 35 45
        CLM_TYPE_CD 46 47
        CLM_FROM_DT 48 57
        CLM_THRU_DT 58 67
        RNDRG_PRVDR_TYPE_CD 68 70
        RNDRG_PRVDR_FIPS_ST_CD 71 72
        CLM_PRVDR_SPCLTY_CD 73 74
        CLM_FED_TYPE_SRVC_CD 75 75
        CLM_POS_CD 76 77
        CLM_LINE_FROM_DT 78 87
        CLM_LINE_THRU_DT 88 97
        CLM_LINE_HCPCS_CD 98 102
        CLM_LINE_CVRD_PD_AMT 103 117
        CLM_LINE_PRMRY_PYR_CD 118 118
        CLM_LINE_DGNS_CD 119 125
        CLM_RNDRG_PRVDR_TAX_NUM 126 135
        RNDRG_PRVDR_NPI_NUM 136 145
        CLM_CARR_PMT_DNL_CD 146 147
        CLM_PRCSG_IND_CD 148 149
        CLM_ADJSMT_TYPE_CD 150 151
        CLM_EFCTV_DT 152 161
        CLM_IDR_LD_DT 162 171
        CLM_CNTL_NUM 172 211
        BENE_EQTBL_BIC_HICN_NUM 212 222
        CLM_LINE_ALOWD_CHRG_AMT 223 239
        CLM_LINE_SRVC_UNIT_QTY 240 263
        HCPCS_1_MDFR_CD 264 265
        HCPCS_2_MDFR_CD 266 267
        HCPCS_3_MDFR_CD 268 269
        HCPCS_4_MDFR_CD 270 271
        HCPCS_5_MDFR_CD 272 273
        CLM_DISP_CD 274 275
        CLM_DGNS_1_CD 276 282
        CLM_DGNS_2_CD 283 289
        CLM_DGNS_3_CD 290 296
        CLM_DGNS_4_CD 297 303
        CLM_DGNS_5_CD 304 310
        CLM_DGNS_6_CD 311 317
        CLM_DGNS_7_CD 318 324
        CLM_DGNS_8_CD 325 331
        DGNS_PRCDR_ICD_IND 332 332
        CLM_DGNS_9_CD 333 339
        CLM_DGNS_10_CD 340 346
        CLM_DGNS_11_CD 347 353
        CLM_DGNS_12_CD 354 360
        HCPCS_BETOS_CD 361 363
        CLM_RNDRG_PRVDR_NPI_NUM 364 373
        CLM_RFRG_PRVDR_NPI_NUM 374 383
        CLM_CNTRCTR_NUM 384 388
    """,
    "6": """
        CUR_CLM_UNIQ_ID 1 13
        CLM_LINE_NUM 14 23
        BENE_MBI_ID 24 34
        BENE_HIC_NUM 35 45
        CLM_TYPE_CD 46 47
        CLM_FROM_DT 48 57
        CLM_THRU_DT 58 67
        CLM_FED_TYPE_SRVC_CD 68 68
        CLM_POS_CD 69 70
        CLM_LINE_FROM_DT 71 80
        CLM_LINE_THRU_DT 81 90
        CLM_LINE_HCPCS_CD 91 95
        CLM_LINE_CVRD_PD_AMT 96 110
        CLM_PRMRY_PYR_CD 111 111
        PAYTO_PRVDR_NPI_NUM 112 121
        ORDRG_PRVDR_NPI_NUM 122 131
        CLM_CARR_PMT_DNL_CD 132 133
        CLM_PRCSG_IND_CD 134 135
        CLM_ADJSMT_TYPE_CD 136 137
        CLM_EFCTV_DT 138 147
        CLM_IDR_LD_DT 148 157
        CLM_CNTL_NUM 158 197
        BENE_EQTBL_BIC_HICN_NUM 198 208
        CLM_LINE_ALOWD_CHRG_AMT 209 225
        CLM_DISP_CD 226 227
        CLM_BLG_PRVDR_NPI_NUM 228 237
        CLM_RFRG_PRVDR_NPI_NUM 238 247
    """,
    "7": """
        CUR_CLM_UNIQ_ID 1 13
        BENE_MBI_ID 14 24
        BENE_HIC_NUM 25 35
        CLM_LINE_NDC_CD 36 46
        CLM_TYPE_CD 47 48
        CLM_LINE_FROM_DT 49 58
        PRVDR_SRVC_ID_QLFYR_CD 59 60
        CLM_SRVC_PRVDR_GNRC_ID_NUM 61 80
        CLM_DSPNSNG_STUS_CD 81 81
        CLM_DAW_PROD_SLCTN_CD 82 82
        CLM_LINE_SRVC_UNIT_QTY 83 106
        CLM_LINE_DAYS_SUPLY_QTY 107 115
        PRVDR_PRSBNG_ID_QLFYR_CD 116 117
        CLM_PRSBNG_PRVDR_GNRC_ID_NUM 118 137
        CLM_LINE_BENE_PMT_AMT 138 150
        CLM_ADJSMT_TYPE_CD 151 152
        CLM_EFCTV_DT 153 162
        CLM_IDR_LD_DT 163 172
        CLM_LINE_RX_SRVC_RFRNC_NUM 173 184
        CLM_LINE_RX_FILL_NUM 185 193
        CLM_PHRMCY_SRVC_TYPE_CD 194 195
    """,
    "8": """
        BENE_MBI_ID 1 11
        BENE_HIC_NUM 12 22
        BENE_FIPS_STATE_CD 23 24
        BENE_FIPS_CNTY_CD 25 27
        BENE_ZIP_CD 28 32
        BENE_DOB 33 42
        BENE_SEX_CD 43 43
        BENE_RACE_CD 44 44
        BENE_AGE 45 47
        BENE_MDCR_STUS_CD 48 49
        BENE_DUAL_STUS_CD 50 51
        BENE_DEATH_DT 52 61
        BENE_RNG_BGN_DT 62 71
        BENE_RNG_END_DT 72 81
        BENE_1ST_NAME 82 111
        BENE_MIDL_NAME 112 126
        BENE_LAST_NAME 127 166
        BENE_ORGNL_ENTLMT_RSN_CD 167 167
        BENE_ENTLMT_BUYIN_IND 168 168
        BENE_PART_A_ENRLMT_BGN_DT 169 178
        BENE_PART_B_ENRLMT_BGN_DT 179 188
        BENE_LINE_1_ADR 189 233
        BENE_LINE_2_ADR 234 278
        BENE_LINE_3_ADR 279 318
        BENE_LINE_4_ADR 319 358
        BENE_LINE_5_ADR 359 398
        BENE_LINE_6_ADR 399 438
        GEO_ZIP_PLC_NAME 439 538
        GEO_USPS_STATE_CD 539 540
        GEO_ZIP5_CD 541 545
        GEO_ZIP4_CD 546 549
    """,
    "9": """
        HICN_MBI_XREF_IND 1 1
        CRNT_NUM 2 12
        PRVS_NUM 13 23
        PRVS_ID_EFCTV_DT 24 33
        PRVS_ID_OBSLT_DT 34 43
        BENE_RRB_NUM 44 55
    """,
    "A": """
        CUR_CLM_UNIQ_ID 1 13
        BENE_MBI_ID 14 24
        BENE_HIC_NUM 25 35
        CLM_TYPE_CD 36 37
        CLM_ACTV_CARE_FROM_DT 38 47
        CLM_NGACO_PBPMT_SW 48 48
        CLM_NGACO_PDSCHRG_HCBS_SW 49 49
        CLM_NGACO_SNF_WVR_SW 50 50
        CLM_NGACO_TLHLTH_SW 51 51
        CLM_NGACO_CPTATN_SW 52 52
        CLM_DEMO_1ST_NUM 53 54
        CLM_DEMO_2ND_NUM 55 56
        CLM_DEMO_3RD_NUM 57 58
        CLM_DEMO_4TH_NUM 59 60
        CLM_DEMO_5TH_NUM 61 62
        CLM_PBP_INCLSN_AMT 63 81
        CLM_PBP_RDCTN_AMT 82 100
        CLM_NGACO_CMG_WVR_SW 101 101
        CLM_INSTNL_PER_DIEM_AMT 102 120
        CLM_MDCR_IP_BENE_DDCTBL_AMT 121 135
        CLM_MDCR_COINSRNC_AMT 136 154
        CLM_BLOOD_LBLTY_AMT 155 169
        CLM_INSTNL_PRFNL_AMT 170 184
        CLM_NCVRD_CHRG_AMT 185 203
        CLM_MDCR_DDCTBL_AMT 204 222
        CLM_RLT_COND_CD 223 224
        CLM_OPRTNL_OUTLR_AMT 225 243
        CLM_MDCR_NEW_TECH_AMT 244 262
        CLM_ISLET_ISOLN_AMT 263 281
        CLM_SQSTRTN_RDCTN_AMT 282 300
        CLM_1_REV_CNTR_ANSI_RSN_CD 301 303
        CLM_1_REV_CNTR_ANSI_GRP_CD 304 305
        CLM_MIPS_PMT_AMT 306 324
    """,
    "B": """
        CUR_CLM_UNIQ_ID 1 13
        CLM_LINE_NUM 14 23
        BENE_MBI_ID 24 34
        BENE_HIC_NUM 35 45
        CLM_TYPE_CD 46 47
        CLM_LINE_NGACO_PBPMT_SW 48 48
        CLM_LINE_NGACO_PDSCHRG_HCBS_SW 49 49
        CLM_LINE_NGACO_SNF_WVR_SW 50 50
        CLM_LINE_NGACO_TLHLTH_SW 51 51
        CLM_LINE_NGACO_CPTATN_SW 52 52
        CLM_DEMO_1ST_NUM 53 54
        CLM_DEMO_2ND_NUM 55 56
        CLM_DEMO_3RD_NUM 57 58
        CLM_DEMO_4TH_NUM 59 60
        CLM_DEMO_5TH_NUM 61 62
        CLM_PBP_INCLSN_AMT 63 77
        CLM_PBP_RDCTN_AMT 78 92
        CLM_NGACO_CMG_WVR_SW 93 93
        CLM_MDCR_DDCTBL_AMT 94 112
        CLM_SQSTRTN_RDCTN_AMT 113 127
        CLM_LINE_CARR_HPSA_SCRCTY_CD 128 128
    """,
}
# the field with which a record of the oldest version that we know of may end
SHORTEST = {
    "1": "CLM_OPRTNL_DSPRPRTNT_AMT",
    "2": "CLM_REV_APC_HIPPS_CD",
    "3": "DGNS_PRCDR_ICD_IND",
    "4": "DGNS_PRCDR_ICD_IND",
    "5": "HCPCS_BETOS_CD",
    "6": "CLM_DISP_CD",
    "7": "CLM_PHRMCY_SRVC_TYPE_CD",
    "8": "GEO_ZIP4_CD",
    "9": "BENE_RRB_NUM",
    "A": "CLM_NGACO_CMG_WVR_SW",
    "B": "CLM_NGACO_CMG_WVR_SW",
}
TITLES = {
    "0": "Summary Statistics",
    "1": "Part A Claims Header",
    "2": "Part A Claims Revenue Center Detail",
    "3": "Part A Procedure Code",
    "4": "Part A Diagnosis Code",
    "5": "Part B Physicians",
    "6": "Part B DME",
    "7": "Part D",
    "8": "Beneficiary Demographics",
    "9": "Beneficiary XREF",
    "A": "Part A BE and Demo Codes",
    "B": "Part B BE and Demo Codes",
}


def _record(file: str) -> Record:
    fields = _fields(_FIELDS[file])
    least = next(field.end for field in fields if field.name == SHORTEST[file])
    return Record(TITLES[file], fields, frozenset(field.end for field in fields if field.end >= least))


RECORDS: Mapping[str, Record] = {file: _record(file) for file in _FIELDS}
