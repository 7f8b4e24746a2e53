module meshwarden.io/bench

go 1.26
