/** The query and documents that the README's snippets rank. */
export const query = 'What is the capital of France?';
export const documents = ['A giraffe is tall.', 'Berlin is the capital of Germany.', 'Paris is the capital of France.'];

/** The position of the document that answers. */
export const best = 2;
