/** Makes a PDF with one page for each text. A text is one line of ASCII without brackets and backslashes. */
export function pdfOf(texts) {
  const parts = ['%PDF-1.4\n'];
  const offsets = [];
  const add = (body) => {
    offsets.push(parts.join('').length);
    parts.push(`${offsets.length} 0 obj\n${body}\nendobj\n`);
  };
  const pageNumber = (index) => 4 + 2 * index;
  add('<< /Type /Catalog /Pages 2 0 R >>');
  const kids = texts.map((_, index) => `${pageNumber(index)} 0 R`).join(' ');
  add(`<< /Type /Pages /Kids [${kids}] /Count ${texts.length} >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  for (const [index, text] of texts.entries()) {
    const content = `BT /F1 12 Tf 72 720 Td (${text}) Tj ET`;
    const resources = '<< /Font << /F1 3 0 R >> >>';
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources ${resources} /Contents ${pageNumber(index) + 1} 0 R >>`,
    );
    add(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  }
  const start = parts.join('').length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  parts.push(`xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${rows}`);
  parts.push(`trailer\n<< /Size ${offsets.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`);
  return Buffer.from(parts.join(''), 'latin1');
}
