/** Waits until the demo page shows a complete ranking. */
export async function ranked(page) {
  await page.locator('#order:not(:disabled)').waitFor();
  await page.locator('.ranking[aria-busy=false] #results li.scored').first().waitFor();
}
