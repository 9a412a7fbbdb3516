{:secrets {:token "not-a-real-token"} :server :H}
