/** Returns the files of a file input, as `dropped` does. */
export function chosen(input) {
  const found = { files: [], skipped: [] };
  for (const file of input.files) take(file.webkitRelativePath || file.name, file, found);
  return found;
}

/**
 * Returns the dropped files, and those of dropped folders, as `{ path, file }` in `files`. `skipped` has those that cannot be
 * opened, as `{ path, reason }`.
 */
export async function dropped(transfer) {
  // The items are empty once this function has waited for anything.
  const items = Array.from(transfer.items).filter(({ kind }) => kind === 'file');
  const sources = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = { files: [], skipped: [] };
  for (const source of sources) {
    if (source instanceof File) take(source.name, source, found);
    else await collect(source, found);
  }
  return found;
}

/** Hidden files, and those in hidden folders, belong to programs. */
function take(path, file, { files, skipped }) {
  if (/(^|\/)\./.test(path)) skipped.push({ path, reason: 'its name begins with a dot' });
  else files.push({ path, file });
}

async function collect(entry, found) {
  const path = entry.fullPath.replace(/^\//, '');
  try {
    if (entry.isFile) {
      take(path, await new Promise((resolve, reject) => entry.file(resolve, reject)), found);
      return;
    }
    const reader = entry.createReader();
    // A call returns some of the entries. An empty list ends them.
    for (;;) {
      const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (entries.length === 0) return;
      for (const each of entries) await collect(each, found);
    }
  } catch (error) {
    found.skipped.push({ path, reason: error.message });
  }
}
