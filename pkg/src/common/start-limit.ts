/** What has been started and has not said by then that its code runs will not: it may be another script. */
export const startMilliseconds = 30_000;

/** What is said of it. */
export const silence = `it has not answered for ${startMilliseconds / 1000} s`;
