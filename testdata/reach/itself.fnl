(require :itself)
