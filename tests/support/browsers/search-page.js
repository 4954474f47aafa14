/** Waits until both models of the page that searches files are loaded, and its files are listed. */
export async function ready(page) {
  await page.locator('#status', { hasText: /^(Enter a query|Add files|Nothing|\d)/ }).waitFor();
}

/** Asks the page that searches files, and waits for the last stage. */
export async function searched(page, query) {
  await page.locator('#query').fill(query);
  await page.locator(`#found[data-query="${query}"]`).waitFor();
}
