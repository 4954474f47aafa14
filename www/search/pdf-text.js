/** The library takes 1.9 MB, so the page loads it with the first PDF. */
let library;

/**
 * Reads the text of a PDF, page by page.
 *
 * @throws Error if the file is damaged or needs a password
 */
export async function pdfText(file) {
  const { getDocument } = await load();
  const task = getDocument({
    data: await file.arrayBuffer(),
    cMapUrl: new URL('../pdfjs/cmaps/', import.meta.url).href,
    useWasm: false,
    verbosity: 0,
  });
  try {
    const document = await task.promise;
    const pages = [];
    for (let number = 1; number <= document.numPages; number += 1) {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(items.map(({ str = '', hasEOL }) => (hasEOL ? `${str}\n` : str)).join(''));
      page.cleanup();
    }
    return pages.join('\n\n');
  } finally {
    await task.destroy();
  }
}

async function load() {
  library ??= import('pdfjs-dist').then((pdf) => {
    pdf.GlobalWorkerOptions.workerSrc = new URL('../pdfjs/pdf.worker.min.mjs', import.meta.url).href;
    return pdf;
  });
  try {
    return await library;
  } catch (error) {
    library = undefined;
    throw error;
  }
}
