package voucher

func parallel(in []int) int {
	out := make(chan int, 1) // want `concurrency: a channel lets the scheduler decide`
	go func() {              // want `concurrency: a goroutine`
		out <- in[0] // want `concurrency: a channel`
	}()
	select { // want `concurrency: a select`
	case v := <-out: // want `concurrency: a channel`
		return v
	default:
	}
	for v := range out { // want `concurrency: a channel`
		return v
	}
	return -len(in)
}
