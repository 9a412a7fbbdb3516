(error :raised)
