package app

const tax = 0.19 // want `float`
