package boot

// MaxMessage is the largest message in bytes; a message is one packet of the control socket and
// holds any number of orders.
const MaxMessage = 192 << 10

// Encode appends an order (or a report) to a message: the number of its words, then each word
// ended by NUL. Words hold no NUL, as paths, arguments and variables cannot.
func Encode(b []byte, words ...string) []byte {
	b = append(append(b, itoa(len(words))...), 0)
	for _, w := range words {
		b = append(append(b, w...), 0)
	}
	return b
}

// Decode splits a message into its orders; a malformed rest is left out.
func Decode(b []byte) [][]string { return decode(b) }

func decode(b []byte) (orders [][]string) {
	word := func() (string, bool) {
		for i, c := range b {
			if c == 0 {
				w := string(b[:i])
				b = b[i+1:]
				return w, true
			}
		}
		return "", false
	}
	for len(b) > 0 {
		head, ok := word()
		n, good := atoi(head)
		if !ok || !good || n < 1 || n > len(b) {
			return orders
		}
		o := make([]string, n)
		for i := range o {
			if o[i], ok = word(); !ok {
				return orders
			}
		}
		orders = append(orders, o)
	}
	return orders
}

// itoa and atoi stand here because strconv is not initialized yet.
func itoa(n int) string {
	if n == 0 {
		return "0"
	}
	var buf [20]byte
	i, neg := len(buf), n < 0
	if neg {
		n = -n
	}
	for ; n > 0; n /= 10 {
		i--
		buf[i] = byte('0' + n%10)
	}
	if neg {
		i--
		buf[i] = '-'
	}
	return string(buf[i:])
}

func atoi(s string) (n int, ok bool) {
	neg := len(s) > 1 && s[0] == '-'
	if neg {
		s = s[1:]
	}
	if s == "" || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}
