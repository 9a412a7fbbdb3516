(local shared {:count 0})
{: shared :count (fn [] (set shared.count (+ 1 shared.count)) shared.count)}
