"""Pictures with phrases and boxes as people keep them: tables, JSON lines, COCO, Pascal VOC."""
