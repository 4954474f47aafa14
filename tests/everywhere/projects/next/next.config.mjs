// Another lock file above this directory would count as the project's root.
export default { turbopack: { root: import.meta.dirname } };
