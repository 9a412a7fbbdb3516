(let [x])
