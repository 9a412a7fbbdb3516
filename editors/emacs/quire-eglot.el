;;; quire-eglot.el --- Start quire-lsp by Eglot  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; This file is loaded when Eglot is, and not before.

;;; Code:

(require 'quire-client)
(require 'quire-lens)
(require 'quire-run)
(require 'quire-show)
(require 'eieio)
(require 'jsonrpc)

(defvar eglot-server-programs)
(declare-function quire-mode "quire") ; is loaded by itself
(declare-function eglot-current-server "eglot")
(declare-function eglot-managed-p "eglot")
(declare-function eglot-path-to-uri "eglot")
(declare-function eglot-uri-to-path "eglot")
(declare-function eglot--lsp-position-to-point "eglot")
(declare-function eglot--pos-to-lsp-position "eglot")
(declare-function eglot--path-to-uri "eglot")
(declare-function eglot--uri-to-path "eglot")
(declare-function eglot--signal-textDocument/didChange "eglot")

(defclass quire-eglot-server (eglot-lsp-server) ()
  :documentation "The server quire-lsp.")

;;; Registration

(defun quire-eglot--contact (otherwise)
  "Return what to start for a Fennel file, as a function.
That is quire-lsp where there is a pipeline, and elsewhere what
OTHERWISE means, an entry of `eglot-server-programs' or nil."
  (lambda (&rest arguments)
    (cond ((or (quire-client-root) (not otherwise))
           (cons 'quire-eglot-server quire-server-command))
          ((functionp otherwise)
           (apply otherwise (seq-take arguments (cdr (func-arity otherwise)))))
          (t otherwise))))

(defun quire-eglot--register ()
  "Have Eglot start quire-lsp for Fennel files of repositories with a pipeline."
  (let ((otherwise (cdr (assq 'fennel-mode eglot-server-programs))))
    (push (cons '(fennel-mode quire-fennel-mode) (quire-eglot--contact otherwise))
          eglot-server-programs)))

(quire-eglot--register)

(cl-defmethod eglot-initialization-options ((_server quire-eglot-server))
  "Pass on `quire-settings'."
  (or quire-settings (make-hash-table)))

(cl-defmethod eglot-client-capabilities ((_server quire-eglot-server))
  "Add what this package can do to what Eglot can."
  (let ((all (copy-tree (cl-call-next-method))))
    (setf (plist-get all :experimental) '(:quire (:runOutput t :runState t :runCommands t)))
    (setf (plist-get (plist-get all :workspace) :codeLens) '(:refreshSupport t))
    (setf (plist-get (plist-get all :textDocument) :codeLens) '(:dynamicRegistration :json-false))
    (setf (plist-get (plist-get all :window) :showDocument) '(:support t))
    ;; The buffer of the run shows it, also where Eglot shows no progress.
    (setf (plist-get (plist-get all :window) :workDoneProgress) t)
    all))

;;; What the server says

;; A method of its own for each, since Eglot dispatches on their names.
(dolist (method quire-run-methods)
  (eval `(cl-defmethod eglot-handle-notification ((_server quire-eglot-server) (_method (eql ,(intern method))) &rest params)
           (quire-run-notify ,method params))
        t))

(cl-defmethod eglot-handle-request ((server quire-eglot-server) (_method (eql workspace/codeLens/refresh)) &rest _)
  "Ask SERVER for the lenses of its buffers again."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (bound-and-true-p quire-lens-mode) (eq (eglot-current-server) server))
        (quire-lens-refresh))))
  nil)

(cl-defmethod eglot-handle-request ((_server quire-eglot-server) (_method (eql window/showDocument)) &key uri &allow-other-keys)
  "Show the document at URI in another window."
  (quire-show-file (quire-eglot--path uri))
  '(:success t))

;;; The client

(defun quire-eglot--serving ()
  "Return non-nil when quire-lsp serves this buffer."
  (let ((server (and (eglot-managed-p) (eglot-current-server))))
    (and server (object-of-class-p server 'quire-eglot-server))))

(defun quire-eglot--method (method)
  "Return METHOD as jsonrpc wants it, when the server knows the text of the buffer."
  (eglot--signal-textDocument/didChange)
  (intern (concat ":" method)))

(defun quire-eglot--request (method params)
  "Send a request of METHOD with PARAMS and return its result."
  (jsonrpc-request (eglot-current-server) (quire-eglot--method method) params))

(defun quire-eglot--async (method params then)
  "Send a request of METHOD with PARAMS, and call THEN with its result."
  (jsonrpc-async-request (eglot-current-server) (quire-eglot--method method) params
                         :success-fn then
                         :error-fn (lambda (err) (message "quire: %s" (quire-get err :message)))))

(defun quire-eglot--path (uri)
  "Return the file that URI names."
  (funcall (if (fboundp 'eglot-uri-to-path) #'eglot-uri-to-path 'eglot--uri-to-path) uri))

(defun quire-eglot--uri ()
  "Return the URI of this buffer."
  (if (fboundp 'eglot-path-to-uri)
      (eglot-path-to-uri buffer-file-name :truenamep nil)
    (funcall 'eglot--path-to-uri buffer-file-name)))

(push (quire-client-make
       :serving #'quire-eglot--serving
       :request #'quire-eglot--request
       :async #'quire-eglot--async
       :uri #'quire-eglot--uri
       :path #'quire-eglot--path
       :position (lambda () (funcall 'eglot--pos-to-lsp-position))
       :point (lambda (position) (funcall 'eglot--lsp-position-to-point position)))
      quire-clients)

(defun quire-eglot--managed ()
  "Set up a buffer that quire-lsp begins to serve, or ends to."
  (let ((serving (quire-eglot--serving)))
    (when (or serving (bound-and-true-p quire-mode))
      (quire-mode (if serving 1 -1))
      (quire-lens-mode (if (and serving quire-lens) 1 -1)))))

(add-hook 'eglot-managed-mode-hook #'quire-eglot--managed)

(provide 'quire-eglot)
;;; quire-eglot.el ends here
