// Package fault holds the rules that inject faults into what a listener
// receives. A [Rule] is a line of text: words of the filter language, which
// say what events it is for, and words of its own, which say what is done to
// them and when. A [Table] holds the rules of a listener and decides for each
// event. Nothing is done here: the [Effect] says what is to be done.
package fault
