/** Returns the files of a file input as `{ path, file }`. */
export function chosen(input) {
  return Array.from(input.files, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Returns the dropped files, and those of dropped folders, as `{ path, file }`. */
export async function dropped(transfer) {
  // The items are empty once this function has waited for anything.
  const items = Array.from(transfer.items).filter(({ kind }) => kind === 'file');
  const sources = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const source of sources) {
    if (source instanceof File) found.push({ path: source.name, file: source });
    else await collect(source, found);
  }
  return found;
}

async function collect(entry, found) {
  if (entry.name.startsWith('.')) return;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ''), file });
    return;
  }
  const reader = entry.createReader();
  // A call returns some of the entries. An empty list ends them.
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const each of entries) await collect(each, found);
  }
}
