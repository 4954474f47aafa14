'use client';

import { useEffect } from 'react';

export default function Page() {
  useEffect(() => void import('../rank.js'), []);
  return <p>A page</p>;
}
