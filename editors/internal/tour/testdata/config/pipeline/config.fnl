{:secrets {:token "not-a-real-token"}}
