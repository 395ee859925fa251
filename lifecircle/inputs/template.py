"""The workbook that an office fills in: headers, the allowed services, two example rows."""

from __future__ import annotations

import io

from lifecircle.standards.catalogue import Standard

TEMPLATE_NAME = "设施台账模板.xlsx"
HEADER = (
    "机构名称", "设施类别", "经度", "纬度", "地址", "区", "街镇", "核定床位数", "托位数",
    "建筑面积（平方米）", "状态",
)  # fmt: skip
EXAMPLES = (
    ("示例养老院", "eldercare_home", 121.5132, 31.3008, "某路1号", "杨浦区", "五角场街道", 120,
     None, 3500, "正常"),
    ("示例托育园", "childcare", 121.5081, 31.2962, "某路2号", "杨浦区", "五角场街道", None, 60,
     800, "正常"),
)  # fmt: skip
NOTES = (
    ("设施类别", "填写下表第一列的代码，或第二、第三列的名称"),
    ("经度、纬度", "十进制度；坐标基准写在评价项目文件的 datum 中"),
    ("区、街镇", "用于核对坐标，请按行政区划全称填写"),
    ("核定床位数、托位数", "只填数字，单位：张、个"),
    ("建筑面积", "只填数字，单位：平方米"),
    ("状态", "正常，或 已停业（不参与计算）"),
    ("示例行", "请删除"),
)


def facility_template(standard: Standard) -> bytes:
    """The workbook, with the services of `standard`; reads back with `classify = "service"`."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "台账"
    rows: list[tuple[object, ...]] = [HEADER, *EXAMPLES]
    for row in rows:
        sheet.append(row)
    notes = book.create_sheet("说明")
    services = [(s.id, s.name_zh, s.name_en) for s in standard.services]
    for note in (*NOTES, (), *services):
        notes.append(note)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = 16
    sheet.freeze_panes = "A2"
    for letter, width in (("A", 22), ("B", 44), ("C", 36)):
        notes.column_dimensions[letter].width = width
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
